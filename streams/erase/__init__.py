"""Removing a person or a post: who is meant, what is sent, what every worker has to know of it."""
