"""What every use of a model shares: which model, where, how much it may cost, where answers go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from taxonomy._core import io
from taxonomy._core.errors import BudgetError, IncompleteError, LLMError
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.budget import Budget, Price, dollars
from taxonomy.llm.client import Client, Server
from taxonomy.llm.store import Store
from taxonomy.llm.transcript import Transcript

MANY = 200
"""Requests beyond which a run wants to be confirmed."""


@dataclass(frozen=True)
class Settings:
    """How a model is asked.

    Args:
        model: name of the model, as its server knows it.
        context: what the pictures are, to complete "the categories are …".
        base_url: address of an OpenAI-compatible server; OpenAI's own when empty.
        store: file of requests and answers; a run that was stopped continues from it.
        transcript: answers to replay, a file or a shipped one (icons/llm-rows); nothing is sent.
        temperature: sampling temperature; the server's own when left out.
        repeats: independent answers to each question; their mean is used.
        price: dollars per million tokens read and written, such as 0.15,0.60.
        max_usd: ceiling on what the store's requests cost in all, in dollars.
        max_requests: ceiling on the store's requests in all.
        concurrency: requests under way at once.
        thoughts: tokens allowed on top of an answer, for models that think first.
        timeout: seconds until a request counts as lost.
        yes: whether to send more than 200 requests without asking.
    """

    model: str = ""
    context: str = "seen in icon-like pictures"
    base_url: str = ""
    store: str = "taxonomy-llm.sqlite"
    transcript: str = ""
    temperature: float | None = None
    repeats: int = 1
    price: str = ""
    max_usd: float | None = None
    max_requests: int | None = None
    concurrency: int = 8
    thoughts: int = 0
    timeout: float = 300.0
    yes: bool = False

    @property
    def parameters(self) -> dict[str, io.Json]:
        """Sampling parameters that are part of a question."""
        return {} if self.temperature is None else {"temperature": self.temperature}

    def shown(self, labels: LabelSet) -> LabelSet:
        """Return what of the labels a request may say; all of it, unless a strategy knows less."""
        return labels

    @property
    def server(self) -> Server:
        """Where requests go."""
        return Server(self.base_url, concurrency=self.concurrency, timeout=self.timeout)

    @contextmanager
    def asker(self, *, send: bool = True, keep: bool = True) -> Iterator[Asker]:
        """Open the transcript or the store and give what asks; nothing is sent without a model.

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
                yield Asker(store, told.model, told.context, told.parameters)
            return
        if not self.model:
            raise LLMError(
                "Name a model (--model) to ask, or a transcript to replay (--transcript "
                "icons/llm-rows)."
            )
        with Store(self.store if keep or Path(self.store).exists() else ":memory:") as store:
            client = self.client(store)
            yield Asker(store, self.model, self.context, self.parameters, client if send else None)

    def client(self, store: Store) -> Client:
        """Return what sends questions and stores their answers, within the ceilings."""
        budget = self.budget(store)
        return Client(self.server, budget, self.thoughts, _progress(budget))

    def budget(self, store: Store) -> Budget:
        """Return the ceilings, over a store's ledger."""
        price = Price.parse(self.price) if self.price else None
        return Budget(store, price, self.max_usd, self.max_requests)

    def made(self, asker: Asker) -> dict[str, io.Json]:
        """Return what provenance says of where answers came from."""
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


@dataclass(frozen=True)
class Plan:
    """What a run would send, at most, before re-asks of faulty answers.

    Args:
        requests: outstanding requests.
        read: tokens they hold at most.
        written: tokens that their answers take at most.
        pico_usd: the worst price in pico-dollars; None when the price is unknown.
        stored: answers that are there already.
        more: whether further requests depend on these answers.
    """

    requests: int
    read: int
    written: int
    pico_usd: int | None
    stored: int
    more: bool = False

    def __str__(self) -> str:
        """Say it in one line."""
        money = "price unknown" if self.pico_usd is None else f"at most {dollars(self.pico_usd)}"
        return (
            f"{self.requests} requests to send{' first, more depend on them' if self.more else ''}"
            f", {self.stored} answers stored; at most {self.read} tokens to read "
            f"and {self.written} to write; {money}"
        )


def plan(settings: Settings, run: Callable[[Asker], object], *, staged: bool = False) -> Plan:
    """Return what a run would send, sending nothing.

    Args:
        settings: of the run.
        run: asks through the asker it is given; its missing answers are what is outstanding.
        staged: whether a run asks further questions that depend on answers.
    """
    with settings.asker(send=False, keep=False) as asker:
        complete = True
        try:
            run(asker)
        except IncompleteError:
            complete = False
        questions = list(asker.outstanding.values())
        price = Price.parse(settings.price) if settings.price else None
        read = sum(question.most_read for question in questions)
        client = settings.client(asker.store)
        written = sum(client.room(question) for question in questions)
        return Plan(
            len(questions),
            read,
            written,
            price.of(read, written) if price else None,
            len(asker.used),
            more=staged and not complete,
        )


def confirm(settings: Settings, run: Callable[[Asker], object]) -> None:
    """Ask at a terminal before many requests are sent; without one, refuse what ``yes`` is not for.

    Raises:
        BudgetError: more than `MANY` are outstanding and nobody said yes to them.
    """
    if settings.yes or settings.transcript:
        return
    planned = plan(settings, run)
    if planned.requests <= MANY:
        return
    if sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write(f"{planned}\nSend them? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
        raise BudgetError("Nothing was sent.")
    raise BudgetError(f"Nothing was sent: {planned}. Add --yes to send them.")


def _progress(budget: Budget) -> Callable[[int | None], None] | None:
    """Return what shows the answers and the cost so far, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(answers: int | None) -> None:
        line = "\n" if answers is None else f"\r{answers} answers; so far {budget.spent()}\x1b[K"
        sys.stderr.write(line)
        sys.stderr.flush()

    return show
