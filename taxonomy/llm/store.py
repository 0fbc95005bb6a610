"""Every request and raw answer in one sqlite file, keyed by content, and a ledger of what was sent.

An answer is committed, with its bill, before anything else happens, so that a killed run never
pays for it again. Keys of an API, headers and addresses never reach this module.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from taxonomy._core import io
from taxonomy._core.errors import LLMError
from taxonomy.llm.question import Question

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (key TEXT PRIMARY KEY, request TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sends (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, state TEXT NOT NULL,
    read INTEGER NOT NULL, written INTEGER NOT NULL, read_price INTEGER, write_price INTEGER);
CREATE TABLE IF NOT EXISTS batches (
    name TEXT PRIMARY KEY, batch TEXT NOT NULL, state TEXT NOT NULL, keys TEXT NOT NULL);
"""
_VERSION = 1


class Bill(NamedTuple):
    """What all requests of a store have cost at most.

    Args:
        requests: how many were sent, the failed and the unanswered ones too.
        pico_usd: their price in millionths of a millionth of a dollar; a request without a known
            end counts with all that was reserved for it.
        open: how many are without a known end.
    """

    requests: int
    pico_usd: int
    open: int


class Store:
    """Requests, answers and sends in a sqlite file.

    Args:
        path: the file, made when missing; ``:memory:`` for none.

    Raises:
        LLMError: the file is of another kind or a newer version.

    >>> with Store(":memory:") as store:
    ...     len(store)
    0
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.path = str(path)
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(
            self.path, timeout=30, isolation_level=None, check_same_thread=False
        )
        try:
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise LLMError(f"{path}: version {version} is newer than this toolkit; update it.")
            # Write-ahead with full syncs: an answer survives a kill and a power cut alike.
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.executescript(_SCHEMA)
            self._base.execute(f"PRAGMA user_version={_VERSION}")
        except sqlite3.DatabaseError as error:
            self._base.close()
            raise LLMError(
                f"{path}: not a store of answers ({error}); name another `store`."
            ) from error

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def __len__(self) -> int:
        """Return the number of answers."""
        return int(self._base.execute("SELECT count(*) FROM answers").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield self._base
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def answer(self, key: str) -> io.Json | None:
        """Return the stored answer of a key: a chat completion as it came; or None."""
        row = self._base.execute("SELECT answer FROM answers WHERE key=?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def request(self, key: str) -> io.Json | None:
        """Return the stored request of a key, or None."""
        row = self._base.execute("SELECT request FROM requests WHERE key=?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def remember(self, question: Question) -> None:
        """Store a request, before it is sent."""
        self.put_request(question.key, request_of(question))

    def put_request(self, key: str, request: io.Json) -> None:
        """Store a request under its key."""
        self._base.execute(
            "INSERT OR IGNORE INTO requests VALUES (?, ?)", (key, io.canonical_json(request))
        )

    def put_answer(self, key: str, answer: io.Json) -> bool:
        """Store an answer; the first one of a key stays. Tell whether it is new."""
        text = io.canonical_json(answer)
        cursor = self._base.execute("INSERT OR IGNORE INTO answers VALUES (?, ?)", (key, text))
        return cursor.rowcount > 0

    def open_send(self, key: str, read: int, written: int, prices: tuple[int | None, ...]) -> int:
        """Write down that a request is about to be sent and what it may cost; return its number."""
        cursor = self._base.execute(
            "INSERT INTO sends VALUES (NULL, ?, 'open', ?, ?, ?, ?)", (key, read, written, *prices)
        )
        return int(cursor.lastrowid or 0)

    def close_send(self, send: int, state: str, usage: tuple[int, int] | None) -> None:
        """Write down how a request ended; without a usage its reserve counts as spent."""
        self._base.execute("UPDATE sends SET state=? WHERE id=?", (state, send))
        if usage is not None:
            self._base.execute("UPDATE sends SET read=?, written=? WHERE id=?", (*usage, send))

    def open_sends(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the number of the latest open send of each key that has one."""
        wanted = set(keys)
        rows = self._base.execute("SELECT key, max(id) FROM sends WHERE state='open' GROUP BY key")
        return {key: int(send) for key, send in rows if key in wanted}

    def finish(self, send: int, key: str, answer: io.Json, usage: tuple[int, int] | None) -> None:
        """Store an answer and close its send, in one transaction."""
        with self._transaction():
            self.put_answer(key, answer)
            self.close_send(send, "answered", usage)

    @contextmanager
    def locked_bill(self, prices: tuple[int | None, ...]) -> Iterator[Bill]:
        """Give the bill inside a transaction, so that no other process sends meanwhile."""
        with self._transaction():
            yield self.bill(prices)

    def bill(self, prices: tuple[int | None, ...] = (None, None)) -> Bill:
        """Return what was sent; requests sent without a known price take the given one."""
        read, write = (price or 0 for price in prices)
        row = self._base.execute(
            "SELECT count(*), coalesce(sum(read * coalesce(read_price, ?) "
            "+ written * coalesce(write_price, ?)), 0), coalesce(sum(state = 'open'), 0) "
            "FROM sends",
            (read, write),
        ).fetchone()
        return Bill(*map(int, row))

    def tokens(self) -> tuple[int, int]:
        """Return the tokens read and written by all requests that were answered."""
        row = self._base.execute(
            "SELECT coalesce(sum(read), 0), coalesce(sum(written), 0) FROM sends "
            "WHERE state = 'answered'"
        ).fetchone()
        return int(row[0]), int(row[1])

    def records(self) -> Iterator[tuple[str, io.Json, io.Json]]:
        """Iterate over key, request and answer of everything answered, by key."""
        rows = self._base.execute(
            "SELECT key, request, answer FROM requests JOIN answers USING (key) ORDER BY key"
        )
        for key, request, answer in rows:
            yield key, json.loads(request), json.loads(answer)

    def put_batch(
        self, name: str, batch: Mapping[str, io.Json], state: str, keys: list[str]
    ) -> None:
        """Write down a batch, its ids and which requests it holds; the same name again updates."""
        self._base.execute(
            "INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?)",
            (name, io.canonical_json(dict(batch)), state, io.canonical_json(keys)),
        )

    def batches(self) -> list[tuple[str, dict[str, io.Json], str, list[str]]]:
        """Return name, ids, state and keys of every batch, in the order of their names."""
        rows = self._base.execute("SELECT name, batch, state, keys FROM batches ORDER BY name")
        return [(name, json.loads(b), state, json.loads(keys)) for name, b, state, keys in rows]


def request_of(question: Question) -> dict[str, io.Json]:
    """Return what is stored of a request."""
    return {
        "body": question.body,
        "template": str(question.template),
        "template_digest": question.template.digest,
        "repeat": question.repeat,
        "attempt": question.attempt,
    }
