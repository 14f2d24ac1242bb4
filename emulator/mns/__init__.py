"""Message Service queues (MNS 2015-06-06, XML)."""
