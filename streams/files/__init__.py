"""Posts in files: JSONL, CSV, mbox, .eml, RSS, Atom and plain text in, JSONL out. `open_posts` is the way in."""

from streams.files.base import Caps, Defaults, Item, Post, Reader, Reject
from streams.files.opening import Options, open_posts

__all__ = ["Caps", "Defaults", "Item", "Options", "Post", "Reader", "Reject", "open_posts"]
