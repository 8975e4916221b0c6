"""Labelled sets of vocero's own, and the figures on them."""
