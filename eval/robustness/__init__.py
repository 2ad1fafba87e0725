"""Kills the program at random and feeds it generated input: run `kills` and `fuzz` with -m."""
