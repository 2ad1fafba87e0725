"""What is stored of conversations, and what leaves the program: history, exports, eval cases."""
