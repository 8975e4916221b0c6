"""The SQLite file's tables and the statements on them."""

from __future__ import annotations

from sinks.base import Kind, Query, Subject
from sinks.fields import filters, phrases, sought, window

APPLICATION_ID = 0x766F6372  # "vocr": whose file it is
SCHEMA_VERSION = 2  # 2: facets hold whose a document is

CREATE = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS documents (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  time INTEGER, severity REAL, body BLOB NOT NULL, UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS documents_by_time ON documents (kind, time);
CREATE TABLE IF NOT EXISTS facets (
  name TEXT NOT NULL, value TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (name, value, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS facets_by_number ON facets (number);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
  original, english, context, tokenize = "porter unicode61 remove_diacritics 2"
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

FIND = "SELECT number, version FROM documents WHERE kind = ? AND id = ?"
INSERT = "INSERT INTO documents (kind, id, version, time, severity, body) VALUES (?, ?, ?, ?, ?, ?)"
UPDATE = "UPDATE documents SET version = ?, time = ?, severity = ?, body = ? WHERE number = ?"
DELETE = "DELETE FROM documents WHERE number = ?"
OLDEST = "SELECT number FROM documents WHERE kind = ? AND time < ? ORDER BY time LIMIT ?"
EVERYTHING = "SELECT number, kind, id, version, body FROM documents"
# FTS5 keeps a deleted text's words until its segments merge
FORGET_WORDS = "INSERT INTO words (words) VALUES ('optimize')"
DROP_FACETS = "DELETE FROM facets WHERE number = ?"
DROP_WORDS = "DELETE FROM words WHERE rowid = ?"
ADD_FACET = "INSERT OR IGNORE INTO facets (name, value, number) VALUES (?, ?, ?)"
ADD_WORDS = "INSERT INTO words (rowid, original, english, context) VALUES (?, ?, ?, ?)"
GET = "SELECT version, body FROM documents WHERE kind = ? AND id = ?"

_ORDER = {
    "newest": "time DESC NULLS LAST, id",
    "severity": "severity DESC NULLS LAST, time DESC NULLS LAST, id",
    # what stands in the post itself counts for more than the names around it
    "relevance": "bm25(words, 1.0, 1.0, 0.5), time DESC NULLS LAST, id",
}


def match_expression(query: Query) -> str:
    """FTS5 syntax for all or any of these: each word or phrase quoted, so that nothing in it is syntax."""
    return (" OR " if query.words == "any" else " ").join(f'"{part}"' for part in phrases(query.text))


def conditions(query: Query) -> tuple[str, list[str | int]]:
    """FROM and WHERE of a query, with its parameters. Raises SettingsError for a time that is none."""
    tables, clauses = "documents", ["kind = ?"]
    bound: list[str | int] = [query.kind]
    if expression := match_expression(query):
        # CROSS fixes the order: words first; count(*) would otherwise walk all documents of the kind
        tables = "words CROSS JOIN documents ON documents.number = words.rowid"
        clauses.append("words MATCH ?")
        bound.append(expression)
    for name, value in filters(query):
        clauses.append("number IN (SELECT number FROM facets WHERE name = ? AND value = ?)")
        bound += [name, value]
    bounds = window(query)
    for comparison, limit in ((">=", bounds.since), ("<", bounds.until)):
        if limit is not None:
            clauses.append(f"time {comparison} ?")
            bound.append(limit)
    return f"FROM {tables} WHERE {' AND '.join(clauses)}", bound


def order(query: Query) -> str:
    """ORDER BY of a query; without a text, what is most relevant is what is newest."""
    return _ORDER["newest" if query.sort == "relevance" and not phrases(query.text) else query.sort]


def belonging(kind: Kind, subject: Subject, after: str, limit: int) -> tuple[str, list[str | int]]:
    """The SELECT of what belongs to a subject, with its parameters."""
    pairs = sought(subject)
    either = " OR ".join(["(name = ? AND value = ?)"] * len(pairs)) or "0"
    bound: list[str | int] = [kind, after, *(part for pair in pairs for part in pair), limit]
    chosen = f"kind = ? AND id > ? AND number IN (SELECT number FROM facets WHERE {either}) ORDER BY id LIMIT ?"  # noqa: S608 - bound
    return f"SELECT id, version, body FROM documents WHERE {chosen}", bound  # noqa: S608
