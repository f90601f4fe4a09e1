"""Files into Kafka: what is read, what was delivered, and what is remembered of it."""
