"""Pure functions over batches of posts: each adds fields. No Kafka, no store, no clock."""
