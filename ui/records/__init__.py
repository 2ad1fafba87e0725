"""What is kept of conversations, and what leaves the program: history, exports, eval cases."""
