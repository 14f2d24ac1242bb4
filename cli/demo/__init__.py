"""``make run``: the main job on the embedded emulator, live, judged by the emulator's own state."""
