"""ActionTrail: every write call as an event, and LookupEvents."""
