"""Where documents are stored and read back: Elasticsearch, SQLite, memory. One shape, see `sinks.base`."""
