"""The doors: each parses an event, calls, and disposes. No cloud fact and no branch on one lives here."""
