"""Function Compute: functions as s.yaml declares them, instances, triggers, invocations."""
