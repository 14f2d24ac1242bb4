"""What the documents say must be so."""
