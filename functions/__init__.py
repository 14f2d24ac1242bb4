"""The doors: each parses an event, calls, and disposes. They contain no logic and no knowledge of the cloud."""
