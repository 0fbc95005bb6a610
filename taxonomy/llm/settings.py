"""The options that every use of a language model has: which, where, at what cost, kept where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.errors import LLMError
from taxonomy.llm.asker import Asker
from taxonomy.llm.budget import Budget, Price
from taxonomy.llm.client import Client
from taxonomy.llm.server import Server
from taxonomy.llm.store import Store
from taxonomy.llm.transcript import Transcript


@dataclass(frozen=True)
class Settings:
    """How a language model is reached, what it may cost, and where its answers are kept.

    Args:
        model: name of the model, as its server knows it.
        context: what the classes are, to complete the prompts' "the categories are …", such as:
            seen in photographs of kitchens; empty to say nothing.
        base_url: address of an OpenAI-compatible server; empty for OpenAI's own.
        store: file that keeps all requests and answers, so that none is paid for twice and a
            stopped run continues.
        transcript: recorded answers to use instead of a model's, a file or a shipped one
            (icons/llm-rows); nothing is sent.
        temperature: sampling temperature; the server's own when left out.
        repeats: number of independent answers to each question, whose mean is used.
        price: dollars per million tokens read and written, such as 0.15,0.60.
        max_usd: ceiling in dollars on what all requests of the store cost.
        max_requests: ceiling on the number of all requests of the store.
        concurrency: number of requests under way at once.
        reasoning_tokens: tokens allowed beyond those of an answer, for models that reason first.
        timeout: seconds until a request counts as lost.
        yes: skip the confirmation that is asked for before more than 200 requests.
    """

    model: str = ""
    context: str = ""
    base_url: str = ""
    store: str = "taxonomy-llm.sqlite"
    transcript: str = ""
    temperature: float | None = None
    repeats: int = 1
    price: str = ""
    max_usd: float | None = None
    max_requests: int | None = None
    concurrency: int = 8
    reasoning_tokens: int = 0
    timeout: float = 300.0
    yes: bool = False

    def __post_init__(self) -> None:
        check_options(self, LLMError)

    @property
    def parameters(self) -> dict[str, io.Json]:
        """Sampling parameters that are part of a question."""
        return {} if self.temperature is None else {"temperature": self.temperature}

    @property
    def server(self) -> Server:
        """Where requests go."""
        return Server(self.base_url, concurrency=self.concurrency, timeout=self.timeout)

    @contextmanager
    def asker(self, *, send: bool = True, keep: bool = True) -> Iterator[Asker]:
        """Open the transcript or the store for the length of a ``with`` block, and give what asks.

        Args:
            send: whether what is not stored is sent.
            keep: whether the store's file is made where there is none; without it, nothing that is
                only looked up leaves a file behind.

        Raises:
            LLMError: neither a model nor a transcript.
            BudgetError: a ceiling without a price.
        """
        if self.transcript:
            told = Transcript.load(self.transcript)
            with told.store() as store:
                yield Asker(
                    store, told.model, told.context, told.parameters, versions=told.versions
                )
            return
        if not self.model:
            raise LLMError(
                "Name a `model` to ask, or a `transcript` to replay, such as icons/llm-rows."
            )
        with Store(self.store if keep or Path(self.store).exists() else ":memory:") as store:
            client = self.client(store)
            yield Asker(
                store,
                self.model,
                self.context,
                self.parameters,
                client if send else None,
                client.room,
            )

    def client(self, store: Store) -> Client:
        """Return what sends questions and stores their answers, within the ceilings."""
        return Client(self.server, self.budget(store), self.reasoning_tokens)

    def budget(self, store: Store) -> Budget:
        """Return the ceilings, over a store's ledger."""
        price = Price.parse(self.price) if self.price else None
        return Budget(store, price, self.max_usd, self.max_requests)

    def made(self, asker: Asker) -> dict[str, io.Json]:
        """Return what provenance says of the model and of where its answers came from."""
        facts: dict[str, io.Json] = {
            "model": asker.model,
            "context": asker.context,
            "parameters": asker.parameters,
            "repeats": self.repeats,
            "answers": io.digest(sorted(asker.used)),
        }
        if self.transcript:
            facts["note"] = Transcript.load(self.transcript).note
        elif self.base_url:
            facts["server"] = urlsplit(self.base_url).hostname
        return facts
