"""The inbox: a page for people who work cases. Server-rendered, on loopback unless a token guards it."""
