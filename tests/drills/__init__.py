"""Twelve ways in which things go wrong, and a person who reads only what the console prints."""
