"""The operator's console, and the quick start."""
