"""Apertium: rule-based translation into English by long-lived processes, offline. See `engine`."""

from enrichers.engines.apertium.engine import Apertium

__all__ = ["Apertium"]
