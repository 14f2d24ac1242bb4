"""The tests: pure parts by themselves, everything else against the emulator through the official SDKs."""
