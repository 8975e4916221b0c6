"""Talking to Kafka with confluent-kafka: client settings, the embedded broker, producing and reading state."""
