"""A sink in one SQLite file with full-text search (FTS5): for one machine. Many may read it while one writes."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemas.errors import StoreError
from sinks import sqlite_schema as sql
from sinks.base import Document, Hits, Kind, Outcome, Query, Removal, Subject
from sinks.documents import removal_document, removal_key
from sinks.fields import CONTEXT, ENGLISH, ORIGINAL, facets, severity_of, text_of, time_of, unsearchable
from sinks.settling import UNCHANGED, WRITTEN, decode, encode, id_fault, rejected, removal_fault, retry, settle

MAX_BYTES = 256 * 1024 * 1024
"""Of one document: well below SQLite's own limit for a value, 10^9 bytes."""

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_FULL = frozenset({sqlite3.SQLITE_FULL})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DENIED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})


class SQLiteSink:
    """Documents in one file, readable by its owner only. Thread-safe; other processes may read and write too.

    `busy_seconds`: how long a call waits for another writer before it gives RETRY (write) or StoreError (read).
    """

    name = "sqlite"

    def __init__(self, path: Path | str, *, busy_seconds: float = 10.0) -> None:
        self.path = Path(path)
        self._busy_seconds = busy_seconds
        self._writing = threading.Lock()
        self._pool: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._opened = False

    def open(self) -> None:
        """Creates the file and its tables where missing. Raises StoreError with what to do."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # what people wrote is nobody else's business; the WAL takes over these permissions
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StoreError(
                f"the store {self.path} cannot be opened for writing ({error.strerror}); "
                "check the folder and its permissions, or choose another path"
            ) from None
        try:
            with self._connection(create=True) as connection:
                self._prepare(connection)
        except _Busy as busy:
            raise StoreError(f"{busy}; try again") from None
        self._opened = True

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        """One transaction for the whole batch: what is WRITTEN is on the disk."""
        if not documents:
            return []
        try:
            with self._transaction() as connection:
                return settle(documents, lambda batch: [_put(connection, one) for one in batch], until=until)
        except _Busy as busy:
            return [retry(str(busy))] * len(documents)

    def get(self, kind: Kind, ids: Sequence[str]) -> list[Document | None]:
        """In the order of `ids`; None where there is none."""
        with self._reading() as connection:
            found = [_get(connection, kind, one) for one in ids]
        return [Document(kind, one, *row) if row else None for one, row in zip(ids, found, strict=True)]

    def search(self, query: Query) -> Hits:
        """Every word or quoted phrase must occur, in any field; ranked by BM25."""
        if unsearchable(query):
            return Hits(0)
        source, bound = sql.conditions(query)
        page = (max(query.limit, 0), max(query.offset, 0))
        with self._reading() as connection:
            (total,) = connection.execute(f"SELECT count(*) {source}", bound).fetchone()
            rows = connection.execute(
                f"SELECT id, version, body {source} ORDER BY {sql.order(query)} LIMIT ? OFFSET ?", (*bound, *page)
            ).fetchall()
        return Hits(total, [Document(query.kind, one, version, decode(body)) for one, version, body in rows])

    def count(self, kind: Kind, query: Query | None = None) -> int:
        """How many documents of the kind match."""
        return self.search(replace(query or Query(), kind=kind, limit=0)).total

    def find(self, kind: Kind, subject: Subject, *, after: str = "", limit: int = 1_000) -> list[Document]:
        """By id, after `after`."""
        statement, bound = sql.belonging(kind, subject, after, limit)
        with self._reading() as connection:
            rows = connection.execute(statement, bound).fetchall()
        return [Document(kind, one, version, decode(body)) for one, version, body in rows]

    def delete(self, removals: Sequence[Removal], *, at: str) -> list[Outcome]:
        """One transaction; afterwards the file's pages hold the documents' words no more."""
        try:
            with self._transaction() as connection:
                outcomes = [_remove(connection, removal, at) for removal in removals]
                connection.execute(sql.FORGET_WORDS)
            with self._connection() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except _Busy as busy:
            return [retry(str(busy))] * len(removals)
        return outcomes

    def purge(self, kind: Kind, *, before: int, limit: int = 1_000) -> int:
        """The oldest first, in one transaction."""
        try:
            with self._transaction() as connection:
                numbers = [row[0] for row in connection.execute(sql.OLDEST, (kind, before, limit))]
                for number in numbers:
                    _drop(connection, number)
        except _Busy as busy:
            raise StoreError(f"{busy}; try again") from None
        return len(numbers)

    def refresh(self) -> None:
        """Writes are visible at once."""

    def close(self) -> None:
        """Closes every connection; `open` makes the sink usable again."""
        self._opened = False
        with self._pool_lock:
            for connection in self._pool:
                connection.close()
            self._pool.clear()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # one transaction: or another process may create the tables between two of these questions
        connection.execute("BEGIN")
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("COMMIT")
        if tables and owner != sql.APPLICATION_ID:
            raise StoreError(f"{self.path} is another program's SQLite database; choose another path for the store")
        if version > sql.SCHEMA_VERSION:
            raise StoreError(f"{self.path} was written by a newer vocero; upgrade, or choose another path")
        connection.execute("PRAGMA journal_mode = WAL")
        if not tables:
            connection.executescript(sql.CREATE)
        elif version < sql.SCHEMA_VERSION:
            connection.execute("BEGIN IMMEDIATE")
            for number, kind, one, stored, body in connection.execute(sql.EVERYTHING):
                _add_facets(connection, number, Document(kind, one, stored, decode(body)))
            connection.execute(f"PRAGMA user_version = {sql.SCHEMA_VERSION}")
            connection.execute("COMMIT")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection in a write transaction, which is kept whole or not at all."""
        with self._writing, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection in one read transaction, so that several statements see the same documents."""
        try:
            with self._connection() as connection:
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.execute("ROLLBACK")
        except _Busy as busy:
            raise StoreError(f"{busy}; try again") from None

    @contextmanager
    def _connection(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection of the pool. Raises StoreError, or _Busy where another try may succeed."""
        if not (create or self._opened):
            raise StoreError("the SQLite store is not open; call open() first")
        connection: sqlite3.Connection | None = None
        try:
            with self._pool_lock:
                connection = self._pool.pop() if self._pool else None
            if connection is None:
                connection = self._connect()
            yield connection
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
                connection = None
            raise self._explained(error) from None
        finally:
            if connection is not None:
                with self._pool_lock:
                    self._pool.append(connection)

    def _connect(self) -> sqlite3.Connection:
        # rw: a file that somebody removed is missed, not made anew and empty
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        # with WAL, only FULL keeps a committed batch through a power cut
        connection.execute("PRAGMA synchronous = FULL")
        # what is deleted is overwritten: erasing a person means the file too
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    def _explained(self, error: sqlite3.Error) -> Exception:
        """The sentence for SQLite's error, by its primary code."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            return _Busy("another process is writing to the SQLite store")
        if code in _FULL:
            return _Busy("the disk of the SQLite store is full")
        if code in _DAMAGED:
            return StoreError(
                f"{self.path} is damaged or no SQLite database; move it away and run `vocero replay`, or restore a copy"
            )
        if code in _DENIED:
            return StoreError(f"{self.path} cannot be opened or written; check that it exists, and its permissions")
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return StoreError(f"the store {self.path} failed ({name}); check its disk, then run this again")


class _Busy(Exception):
    """The same call may succeed later."""


def _put(connection: sqlite3.Connection, document: Document) -> Outcome:
    """Stores one sound document, inside the caller's transaction."""
    found = connection.execute(sql.FIND, (document.kind, document.id)).fetchone()
    if found is not None and found[1] > document.version:
        return UNCHANGED
    removed = connection.execute(sql.FIND, ("journal", removal_key(document.kind, document.id))).fetchone()
    if removed is not None and removed[1] >= document.version:
        return UNCHANGED
    body = encode(document.body)
    if len(body) > MAX_BYTES:
        return rejected(f"the document is larger than {MAX_BYTES} bytes")
    values = (document.version, time_of(document), severity_of(document), body)
    if found is None:
        number = connection.execute(sql.INSERT, (document.kind, document.id, *values)).lastrowid
    else:
        number = found[0]
        connection.execute(sql.UPDATE, (*values, number))
        connection.execute(sql.DROP_FACETS, (number,))
        connection.execute(sql.DROP_WORDS, (number,))
    _add_facets(connection, number, document)
    texts = [text_of(document, paths).replace("\0", " ") for paths in (ORIGINAL, ENGLISH, CONTEXT)]
    connection.execute(sql.ADD_WORDS, (number, *texts))
    return WRITTEN


def _add_facets(connection: sqlite3.Connection, number: int | None, document: Document) -> None:
    connection.executemany(sql.ADD_FACET, [(name, value, number) for name, value in facets(document)])


def _remove(connection: sqlite3.Connection, removal: Removal, at: str) -> Outcome:
    """Deletes one document and records it, inside the caller's transaction."""
    if (reason := removal_fault(removal)) is not None:
        return rejected(reason)
    _put(connection, removal_document(removal, at))
    found = connection.execute(sql.FIND, (removal.kind, removal.id)).fetchone()
    if found is not None and found[1] > removal.version:
        return UNCHANGED
    if found is not None:
        _drop(connection, found[0])
    return WRITTEN


def _drop(connection: sqlite3.Connection, number: int) -> None:
    for statement in (sql.DROP_FACETS, sql.DROP_WORDS, sql.DELETE):
        connection.execute(statement, (number,))


def _get(connection: sqlite3.Connection, kind: Kind, identity: str) -> tuple[int, dict[str, Any]] | None:
    """Version and body. An id that cannot have been stored is not asked for: SQLite could not even be sent it."""
    row = None if id_fault(identity) else connection.execute(sql.GET, (kind, identity)).fetchone()
    return (row[0], decode(row[1])) if row else None
