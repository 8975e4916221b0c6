"""Dead letters, driven again once their cause is gone: which are open, where their originals are, what is sent."""
