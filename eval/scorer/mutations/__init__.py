"""True sentences with one thing made false, and the reverse: safe rewordings."""
