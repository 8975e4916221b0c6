"""Logs as one JSON object a line, for machines that collect them. No traceback and no value of an input is in them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime


class JSONLines(logging.Formatter):
    """`time` (RFC 3339, UTC), `level`, `logger`, `message`, and the `error`'s type where there was one.

    An exception's own text and its traceback are left out: libraries put what they were given into them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)
