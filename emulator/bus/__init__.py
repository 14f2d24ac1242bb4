"""EventBridge: rules, patterns, delivery, retries and dead letters."""
