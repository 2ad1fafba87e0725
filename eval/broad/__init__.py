"""Questions of every kind over articles of our own, scored by the key points of each answer."""
