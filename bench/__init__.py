"""Measurements of time and memory, side by side with what one finds in public samples; ``make bench`` runs them all.

What does not depend on the machine (calls, imports, connections) is in tests/perf and is no business of these modules.
"""
