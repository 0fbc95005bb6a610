"""Every form in which servers answer: a run of 40 classes completes with every answer there is."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest

from taxonomy._core.errors import IncompleteError
from taxonomy.labels import LabelSet
from taxonomy.llm.describing import describe
from taxonomy.llm.grouping import assign, groups
from taxonomy.llm.naming import by_model
from taxonomy.llm.scoring import judge
from taxonomy.llm.sensing import choose
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.asking import asking
from tests.support.forms import FAULTY, SENT, any_answer
from tests.support.server import data_of, serve

KITCHEN = LabelSet(f"thing {i:02}" for i in range(40))
VICTIM = "thing 02"
STRATEGIES = {
    "rows": lambda asker: judge("rows", KITCHEN, asker).missing,
    "pairs": lambda asker: judge("pairs", KITCHEN, asker).missing,
    "triplets": lambda asker: judge("triplets", KITCHEN, asker, per_pair=1).missing,
    "describe": lambda asker: len(describe(KITCHEN, asker)) - 40,
    "groups": lambda asker: len(groups(KITCHEN, asker)["children"]) - 2,
    "assign": lambda asker: len(assign(KITCHEN, asker, depth=2)["children"]) - 1,
    "senses": lambda asker: [
        one.note
        for one in choose(LabelSet(["bat", "crane", "mouse", "seal"]), asker).values()
        if not one.wnid
    ],
    "names": lambda asker: len(by_model(halves(), KITCHEN, asker)) - 2,
}
"""What is asked, and what is lacking of its result."""


def every(step: int, first: int, forms: Iterable[str]) -> list[Any]:
    """Return all forms as parameters, of which every so many run always and the others are slow.

    In whole runs, that is: every good form is answered with in the strategies' runs, and every bad
    one in one of its two tests.
    """
    return [
        form if n % step == first else pytest.param(form, marks=pytest.mark.slow)
        for n, form in enumerate(forms)
    ]


def halves() -> Hierarchy:
    return Hierarchy.from_nested([list(KITCHEN.ids[:20]), list(KITCHEN.ids[20:])])


@pytest.mark.parametrize("form", every(3, 0, SENT))
def test_an_answer_is_found_in_every_form_the_first_time(form):
    """Scores of 40 classes, one a request, and a tree of all of them."""
    with (
        serve(lambda body, _: SENT[form](any_answer(body))) as server,
        asking(server.url, concurrency=8) as asker,
    ):
        judged = judge("rows", KITCHEN, asker)
        assert (judged.missing, judged.faults) == ({}, {})
        assert len(server.bodies) == 40
        assert [top["name"] for top in groups(KITCHEN, asker)["children"]] == ["soft", "hard"]
        assert len(server.bodies) == 41


def test_what_stood_around_an_answer_is_kept():
    form = SENT["channel markers with a format"]
    with serve(lambda body, _: form(any_answer(body))) as server, asking(server.url) as asker:
        groups(KITCHEN, asker)
        ((_, _, kept),) = asker.store.records()
        assert kept["choices"][0]["message"]["content"] == form(any_answer(server.bodies[0]))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_reads_every_form(strategy):
    """Each request is answered in the next form, and none is asked twice."""
    forms = list(SENT.values())
    for start in range(0, len(forms), 20) if strategy in ("groups", "senses", "names") else [0]:
        with (
            serve(lambda body, n, s=start: forms[(s + n) % len(forms)](any_answer(body))) as server,
            asking(server.url, concurrency=1) as asker,
        ):
            assert not STRATEGIES[strategy](asker)
            asked = [body["messages"] for body in server.bodies]
            assert not any("previous answer" in one[0]["content"] for one in asked)


@pytest.mark.parametrize("form", every(2, 0, FAULTY))
def test_one_bad_answer_is_asked_for_again(form):
    with (
        serve(lambda body, n: FAULTY[form] if n == 5 else any_answer(body)) as server,
        asking(server.url, concurrency=2, timeout=30) as asker,
    ):
        assert not judge("rows", KITCHEN, asker).missing
        assert len(server.bodies) == 41


@pytest.mark.parametrize("form", every(2, 1, FAULTY))
def test_a_request_that_is_always_answered_badly_is_all_that_is_lost(form, caplog):
    """From the first request on; nothing that a server says ends a run of other answers."""

    def script(body, _):
        bad = data_of(body)["anchor"]["id"] == VICTIM
        return FAULTY[form] if bad else any_answer(body)

    with (
        caplog.at_level(logging.WARNING),
        serve(script) as server,
        asking(server.url, concurrency=2, timeout=30, retries=2) as asker,
    ):
        judged = judge("rows", KITCHEN, asker)
        assert {pair.partition(" > ")[0] for pair in judged.missing} == {VICTIM}
        assert len(asker.store) >= 39
        with pytest.raises(IncompleteError, match=r"39 of 1560 scores are missing \(thing 02 > "):
            judged.refuse_gaps()
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_a_form_of_each_kind_in_turn():
    """Good and bad in turns: whatever was asked for again came in another form."""
    good, bad = list(SENT.values()), list(FAULTY.values())
    turn = count()

    def script(body, _):
        n = next(turn)
        return bad[n // 3 % len(bad)] if n % 3 == 2 else good[n % len(good)](any_answer(body))

    with serve(script) as server, asking(server.url, concurrency=1, timeout=30) as asker:
        assert not judge("rows", KITCHEN, asker).missing
        assert len(server.bodies) > 55
