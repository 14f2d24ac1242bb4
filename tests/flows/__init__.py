"""Whole flows: the real handlers and SDKs against the emulator, judged by the emulator's own state."""
