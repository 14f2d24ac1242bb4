"""Function Compute of the emulator: calls, instances, asynchronous calls, and what triggers them."""
