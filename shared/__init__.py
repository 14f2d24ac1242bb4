"""What the five functions share: the rules of central backup and the adapters that carry them to the cloud."""
