"""The operator's console, run as an operator runs it."""
