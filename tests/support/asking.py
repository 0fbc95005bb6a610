"""Small worlds for the tests of the LLM source."""

from __future__ import annotations

from contextlib import contextmanager

from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.budget import Budget
from taxonomy.llm.client import Client
from taxonomy.llm.server import Server
from taxonomy.llm.store import Store

FOUR = LabelSet(["ant", "bee", "car", "van"])


def quick(url: str, **options) -> Server:
    """Return a server's settings that wait for next to nothing."""
    return Server(url, **{"first_wait": 0.01, "timeout": 5.0, "concurrency": 2, **options})


@contextmanager
def asking(url: str, path=":memory:", context="drawings", budget=None, **options):
    """Open a store and give what asks a scripted server."""
    with Store(path) as store:
        client = Client(quick(url, **options), Budget(store, **(budget or {})))
        yield Asker(store, "scripted", context, {}, client)
