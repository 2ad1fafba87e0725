"""Sign-in, the guard of every request, and the security headers of every reply."""
