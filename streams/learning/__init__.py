"""How the shared topic model learns: online clustering of span vectors. Pure; no Kafka, no clock."""
