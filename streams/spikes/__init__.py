"""When is a rise of negatives a spike? Pure decisions over counts in event time; no Kafka, no clock."""
