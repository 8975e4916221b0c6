"""At least once, in order: a batch is settled before it is acknowledged."""
