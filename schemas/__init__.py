"""What travels through vocero: raw and enriched posts, signals, topics, alerts, cases, dead letters, errors."""
