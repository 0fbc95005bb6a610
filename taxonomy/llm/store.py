"""Every request and raw answer in one sqlite file, keyed by content, and a ledger of what was sent.

An answer is committed, with its bill, before anything else happens, so that a killed run never
pays for it again. Keys of an API, headers and addresses never reach this module.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from taxonomy._core import io
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.errors import LLMError, TaxonomyError, shown, told
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
Value = TypeVar("Value")


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
            ((version,),) = self._rows("PRAGMA user_version")
            if version > _VERSION:
                raise LLMError(
                    told(path, f"version {version} is newer than this toolkit; update it.")
                )
            # Write-ahead with full syncs: an answer survives a kill and a power cut alike.
            self._run("PRAGMA journal_mode=WAL")
            self._run("PRAGMA synchronous=FULL")
            with self._explained():
                self._base.executescript(_SCHEMA)
            self._run(f"PRAGMA user_version={_VERSION}")
        except BaseException:
            self._base.close()
            raise

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say which file is at fault where sqlite finds it damaged."""
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError) as error:
            words = f"not a store of answers, or a damaged one ({error}); name another `store`."
            raise LLMError(told(self.path, words)) from error

    def _run(self, query: str, *values: object) -> sqlite3.Cursor:
        with self._explained():
            return self._base.execute(query, values)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._base.execute(query, values).fetchall()

    def _json(self, text: object, kind: type[Value], what: str) -> Value:
        """Return a column's JSON, which was checked when it came and may be damaged since."""
        where = f"{self.path}, {what}"
        if not isinstance(text, str):
            raise LLMError(told(where, f"expected text, found {shown(text)}."))
        return decode(kind, parse_json(text, where, LLMError), where, LLMError, checked=True)

    def _answer(self, key: str, text: object) -> io.Json:
        where = f"the answer {shown(key)}"
        return checked_answer(
            self._json(text, dict[str, Any], where), f"{self.path}, {where}", LLMError
        )

    def _request(self, key: str, text: object) -> io.Json:
        return self._json(text, dict[str, Any], f"the request {shown(key)}")

    def __len__(self) -> int:
        """Return the number of answers."""
        return int(self._rows("SELECT count(*) FROM answers")[0][0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def answer(self, key: str) -> io.Json | None:
        """Return the stored answer of a key: a chat completion as it came; or None."""
        rows = self._rows("SELECT answer FROM answers WHERE key=?", key)
        return self._answer(key, rows[0][0]) if rows else None

    def request(self, key: str) -> io.Json | None:
        """Return the stored request of a key, or None."""
        rows = self._rows("SELECT request FROM requests WHERE key=?", key)
        return self._request(key, rows[0][0]) if rows else None

    def remember(self, question: Question) -> None:
        """Store a request, before it is sent."""
        self.put_request(question.key, request_of(question))

    def put_request(self, key: str, request: io.Json) -> None:
        """Store a request under its key."""
        self._run("INSERT OR IGNORE INTO requests VALUES (?, ?)", key, io.canonical_json(request))

    def put_answer(self, key: str, answer: io.Json) -> bool:
        """Store an answer; the first one of a key stays. Tell whether it is new."""
        text = io.canonical_json(answer)
        return self._run("INSERT OR IGNORE INTO answers VALUES (?, ?)", key, text).rowcount > 0

    def open_send(self, key: str, read: int, written: int, prices: tuple[int | None, ...]) -> int:
        """Write down that a request is about to be sent and what it may cost; return its number."""
        query = "INSERT INTO sends VALUES (NULL, ?, 'open', ?, ?, ?, ?)"
        return int(self._run(query, key, read, written, *prices).lastrowid or 0)

    def close_send(self, send: int, state: str, usage: tuple[int, int] | None) -> None:
        """Write down how a request ended; without a usage its reserve counts as spent."""
        self._run("UPDATE sends SET state=? WHERE id=?", state, send)
        if usage is not None:
            self._run("UPDATE sends SET read=?, written=? WHERE id=?", *usage, send)

    def open_sends(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the number of the latest open send of each key that has one."""
        wanted = set(keys)
        rows = self._rows("SELECT key, max(id) FROM sends WHERE state='open' GROUP BY key")
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
        # Multiplied here, where no product is too large for an integer.
        rows = self._counted(
            "SELECT count(*), sum(read), sum(written), sum(state = 'open'), "
            "coalesce(read_price, ?), coalesce(write_price, ?) FROM sends GROUP BY 5, 6",
            *(price or 0 for price in prices),
        )
        return Bill(
            sum(row[0] for row in rows),
            sum(row[1] * row[4] + row[2] * row[5] for row in rows),
            sum(row[3] for row in rows),
        )

    def tokens(self) -> tuple[int, int]:
        """Return the tokens read and written by all requests that were answered."""
        ((read, written),) = self._counted(
            "SELECT coalesce(sum(read), 0), coalesce(sum(written), 0) FROM sends "
            "WHERE state = 'answered'"
        )
        return read, written

    def _counted(self, query: str, *values: object) -> list[tuple[int, ...]]:
        """Return sums over the sends.

        Raises:
            LLMError: one is no whole number, for what is summed is none or is beyond 64 bits.
        """
        rows = self._rows(query, *values)
        for found in rows:
            if not all(isinstance(number, int) for number in found):
                words = f"the sends add up to {shown(found)}; name another `store`."
                raise LLMError(told(self.path, words))
        return rows

    def records(self) -> Iterator[tuple[str, io.Json, io.Json]]:
        """Iterate over key, request and answer of everything answered, by key."""
        rows = self._run(
            "SELECT key, request, answer FROM requests JOIN answers USING (key) ORDER BY key"
        )
        while True:
            with self._explained():
                row = rows.fetchone()
            if row is None:
                return
            key, request, answer = row
            yield key, self._request(key, request), self._answer(key, answer)

    def put_batch(
        self, name: str, batch: Mapping[str, io.Json], state: str, keys: list[str]
    ) -> None:
        """Write down a batch, its ids and which requests it holds; the same name again updates."""
        texts = io.canonical_json(dict(batch)), io.canonical_json(keys)
        self._run(
            "INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?)", name, texts[0], state, texts[1]
        )

    def batches(self) -> list[tuple[str, dict[str, io.Json], str, list[str]]]:
        """Return name, ids, state and keys of every batch, in the order of their names."""
        rows = self._rows("SELECT name, batch, state, keys FROM batches ORDER BY name")
        return [
            (
                name,
                self._json(batch, dict[str, Any], f"the batch {shown(name)}"),
                state,
                self._json(keys, list[str], f"the keys of the batch {shown(name)}"),
            )
            for name, batch, state, keys in rows
        ]


@dataclass(frozen=True)
class _Choice:
    """What of a completion is read; the rest is kept as the server sent it."""

    message: dict[str, Any]


@dataclass(frozen=True)
class _Answer:
    """A chat completion."""

    choices: tuple[_Choice, ...]


def checked_answer(answer: io.Json, where: str, error: type[TaxonomyError]) -> dict[str, io.Json]:
    """Return what is a chat completion with a message; the rest of it may be any JSON.

    Args:
        answer: what `parse_json` has read.
        where: the file, and the place in it.
        error: what is raised.

    Raises:
        TaxonomyError: of the kind given; it is none.
    """
    if not decode(_Answer, answer, where, error, closed=False, checked=True).choices:
        raise error(told(where, "the answer has no choices."))
    completion: dict[str, io.Json] = answer
    return completion


def request_of(question: Question) -> dict[str, io.Json]:
    """Return what is stored of a request."""
    return {
        "body": question.body,
        "template": str(question.template),
        "template_digest": question.template.digest,
        "repeat": question.repeat,
        "attempt": question.attempt,
    }
