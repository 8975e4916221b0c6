"""Shared maths of the scoring enrichers: words and marks of a text, lexicons, linear heads. Pure; numpy only."""
