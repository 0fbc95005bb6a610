"""Ceilings are never overshot, whatever prices, usages and failures come."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import BudgetError, ServerError
from taxonomy.builders import get_builder
from taxonomy.labels import LabelSet, get_labels
from taxonomy.llm import Settings
from taxonomy.llm.budget import PICO, Budget, Price
from taxonomy.llm.client import Client
from taxonomy.llm.naming import ask_names
from taxonomy.llm.plan import Plan, confirming, require_consent
from taxonomy.llm.question import Prompt
from taxonomy.llm.reply import Fields, integer
from taxonomy.llm.scoring import judge
from taxonomy.llm.store import Store
from taxonomy.similarity import get_source
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.asking import FOUR, asking, quick
from tests.support.server import completion, data_of, error, good_answer, serve


def question(number: int, length: int):
    """Return a question whose message has so many characters."""
    prompt = Prompt("rows", ("a",), lambda _: "x" * length, Fields("scores", integer(0, 9)))
    return prompt.question("m", "drawings", {}, number, {}, 0)


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3000),  # characters of the question
        st.integers(1, 5000),  # room of the answer
        st.floats(0, 1),  # share of the worst case that is used
        st.sampled_from(["answered", "no usage", "failed", "failed, charged", "killed", "slow"]),
    ),
    max_size=30,
)


@given(
    st.decimals(0, 500, places=4),
    st.decimals(0, 500, places=4),
    st.decimals(0, 2, places=6),
    EVENTS,
)
def test_spend_never_passes_the_ceiling(read, write, ceiling, events):
    """At every moment, reserves included; slow requests stay under way until the end."""
    price = Price.parse(f"{read},{write}")
    with Store() as store:
        budget = Budget(store, price, str(ceiling))
        true_spend, slow = 0, []
        for number, (length, room, share, event) in enumerate(events):
            asked = question(number, length)
            try:
                send = budget.reserve(asked, room)
            except BudgetError as stopped:
                assert "ceiling" in str(stopped)
                continue
            if send is None:  # does not fit while others are under way
                assert slow
                continue
            used = math.floor(asked.most_read * share), math.floor(room * share)
            if event == "slow":
                slow.append((send, asked.key, used))
                continue
            if event == "killed":  # the process dies: the next one opens the same store
                true_spend += price.of(*used)
                budget, slow_before = Budget(store, price, str(ceiling)), slow
                true_spend += sum(price.of(*u) for _, _, u in slow_before)
                slow = []
            elif event.startswith("failed"):
                charged = event.endswith("charged")
                budget.failed(send, charged=charged)
                true_spend += price.of(*used) * charged
            else:
                known = event == "answered"
                budget.answered(send, asked.key, {"n": number}, used if known else None)
                true_spend += price.of(*used)
            bill = store.bill(budget.prices)
            assert true_spend <= bill.pico_usd <= ceiling * PICO
        for send, key, used in slow:
            budget.answered(send, key, {}, used)
            true_spend += price.of(*used)
        assert true_spend <= store.bill(budget.prices).pico_usd <= ceiling * PICO


@given(st.integers(0, 12), st.lists(st.booleans(), max_size=20))
def test_requests_never_pass_the_ceiling(most, outcomes):
    with Store() as store:
        budget = Budget(store, max_requests=most)
        sent = 0
        for number, good in enumerate(outcomes):
            try:
                send = budget.reserve(question(number, 1), 1)
            except BudgetError:
                assert sent == most
                continue
            sent += 1
            if good:
                budget.answered(send, str(number), {}, None)
            else:
                budget.failed(send, charged=False)
        assert sent == min(most, len(outcomes)) == store.bill().requests


def test_a_price_is_exact():
    assert Price.parse("0.15, 0.60").of(7, 3) == Decimal("0.15") * 7 * 10**6 + 6 * 3 * 10**5
    assert Price.parse("0.0000001,0").read == 1  # rounded up, never down
    for bad in ("", "1", "1,2,3", "-1,2", "NaN,1", "Infinity,1", "cheap,1"):
        with pytest.raises(BudgetError, match="dollars per million"):
            Price.parse(bad)


class TestInARun:
    """The same over a real connection."""

    def test_a_ceiling_in_dollars_without_a_price_is_refused(self, tmp_path):
        source = get_source("llm", model="m", store=str(tmp_path / "s"), max_usd=1.0)
        with pytest.raises(BudgetError, match="set `price`"):
            source(FOUR)

    @pytest.mark.parametrize("max_usd", [0.0, 0.003, 0.01, 0.02])
    def test_the_bill_stays_below_and_a_higher_ceiling_continues(self, tmp_path, max_usd):
        """A dollar per thousand tokens: each answer costs 0.00015, each reserve far more."""
        labels = LabelSet(list(get_labels("icons"))[:10])
        budget = {"price": Price.parse("1,1"), "max_usd": max_usd}
        path = tmp_path / "store.sqlite"
        with serve() as server:
            with asking(server.url, path, budget=budget, concurrency=4) as asker:
                try:
                    judge("rows", labels, asker)
                except BudgetError as stopped:
                    assert "`max_usd`" in str(stopped)
                sent, stored = len(server.bodies), len(asker.store)
                assert stored == sent
                assert asker.store.bill().pico_usd == sent * 150 * 10**6 <= max_usd * PICO
            with asking(server.url, path) as asker:
                assert not judge("rows", labels, asker).missing
            assert len(server.bodies) == 10

    def test_max_requests_counts_retries_too(self):
        with (
            serve(
                lambda body, n: error(503, "busy") if n % 2 == 0 else good_answer(body)
            ) as server,
            asking(server.url, budget={"max_requests": 5}, concurrency=1) as asker,
        ):
            with pytest.raises(BudgetError, match="`max_requests`"):
                judge("rows", FOUR, asker)
            assert len(server.bodies) == 5
            assert len(asker.store) == 2

    def test_a_server_that_reports_more_than_it_was_allowed_stops_the_run(self):
        def script(body, _):
            usage = {"prompt_tokens": 10, "completion_tokens": 10**6}
            return completion(good_answer(body), usage=usage)

        budget = {"price": Price.parse("1,1"), "max_usd": 10}
        with serve(script) as server, asking(server.url, budget=budget, concurrency=1) as asker:
            with pytest.raises(BudgetError, match="more than"):
                judge("rows", FOUR, asker)
            assert len(server.bodies) == len(asker.store) == 1

    def test_usage_beyond_belief_is_counted_or_left(self):
        """A billion tokens at a thousand dollars a million, ten times: beyond 64 bits."""

        def script(body, n):
            usage = {"prompt_tokens": 10**9 + n % 2, "completion_tokens": 10**9}
            return completion(good_answer(body), usage=usage)

        labels = LabelSet(f"c{i}" for i in range(20))
        budget = {"price": Price.parse("1000,1000")}
        with serve(script) as server, asking(server.url, budget=budget, concurrency=1) as asker:
            assert not judge("rows", labels, asker).missing
            believed = 10 * 2 * 10**9 * 10**9
            assert believed < asker.store.bill().pico_usd < believed * 1.01

    def test_past_200_requests_it_wants_a_yes(self, tmp_path):
        labels = LabelSet(f"c{i:03}" for i in range(201))
        with serve() as server:
            options = {"model": "m", "base_url": server.url, "store": str(tmp_path / "s.sqlite")}
            with pytest.raises(BudgetError, match=r"201 requests to send.*price unknown.*`yes`"):
                get_source("llm", **options)(labels)
            assert server.bodies == []
            get_source("llm", **options)(labels.restrict(labels.ids[:3]))
            assert len(server.bodies) == 3

    @pytest.mark.parametrize("agrees", [True, False])
    def test_whoever_is_installed_decides_on_201_requests(self, tmp_path, agrees):
        labels, plans = LabelSet(f"c{i:03}" for i in range(201)), []

        def decide(plan):
            plans.append(plan)
            return agrees

        store = tmp_path / "s.sqlite"
        with serve() as server, confirming(decide):
            source = get_source(
                "llm", model="m", base_url=server.url, store=str(store), price="1,1"
            )
            if agrees:
                source(labels)
                source(labels)  # nothing is left to send, so nobody is asked
            else:
                with pytest.raises(BudgetError, match=r"not sent: 201 requests.*\$.*`yes`"):
                    source(labels)
            assert len(server.bodies) == 201 * agrees
        assert [plan.requests for plan in plans] == [201]
        assert store.exists() == agrees

    def test_what_depends_on_answers_needs_agreement_too(self, tmp_path):
        """One request proposes groups; only then are there 250 classes to assign to them."""
        labels, plans = LabelSet(f"c{i:03}" for i in range(250)), []

        def script(body, _):
            if "Propose" in body["messages"][0]["content"]:
                return json.dumps({"groups": ["odd", "even"]})
            return json.dumps({"group": 1 + int(data_of(body)["category"]["id"][1:]) % 2})

        with serve(script) as server:
            builder = get_builder(
                "llm",
                strategy="assign",
                model="m",
                base_url=server.url,
                store=str(tmp_path / "s.sqlite"),
            )
            with pytest.raises(BudgetError, match="250 requests"):
                builder(labels)
            assert len(server.bodies) == 1
            with confirming(lambda plan: not plans.append(plan)):
                builder(labels)
            assert [plan.requests for plan in plans] == [250]
            assert len(server.bodies) == 251

    def test_nobody_is_asked_outside_the_block(self):
        with confirming(lambda _: True):
            pass
        with pytest.raises(BudgetError):
            require_consent(Plan(201, 1, 1, None, 0))

    def test_many_names_of_nodes_need_agreement_too(self, tmp_path, monkeypatch):
        monkeypatch.setattr("taxonomy.llm.naming.BATCH", 1)
        labels = LabelSet(f"c{i:03}" for i in range(404))
        tree = Hierarchy.from_nested([list(labels.ids[i : i + 2]) for i in range(0, 404, 2)])
        settings = Settings("m", store=str(tmp_path / "s.sqlite"))
        with pytest.raises(BudgetError, match="202 requests"):
            ask_names(tree, labels, settings)

    def test_a_plan_sends_nothing_and_names_the_worst_price(self, tmp_path):
        with serve() as server:
            source = get_source(
                "llm", model="m", base_url=server.url, store=str(tmp_path / "s.sqlite"), price="2,8"
            )
            plan = source.plan(FOUR)
            assert server.bodies == []
            assert list(tmp_path.iterdir()) == []
            assert plan.requests == 4
            assert plan.pico_usd == plan.read * 2 * 10**6 + plan.written * 8 * 10**6
            source(FOUR)
            done = source.plan(FOUR)
            assert (done.requests, done.stored, done.pico_usd) == (0, 4, 0)

    def test_what_is_sent_stays_within_what_was_reserved(self):
        with serve() as server, asking(server.url) as asker:
            judge("rows", FOUR, asker)
            for body in server.bodies:
                text = "".join(message["content"] for message in body["messages"])
                reserved = sum(len(m["content"].encode()) + 32 for m in body["messages"])
                assert len(text) < reserved
                assert len(good_answer(body)) < body["max_tokens"]


def test_an_unusable_ceiling_is_refused():
    with Store() as store:
        for bad in ("nan", "-1", "inf"):
            with pytest.raises(BudgetError, match="no amount"):
                Budget(store, Price(1, 1), bad)
        with pytest.raises(BudgetError, match="negative"):
            Budget(store, max_requests=-1)


def test_a_client_in_a_running_loop_works():
    """As in a notebook."""
    import asyncio

    async def inside(asker):
        return judge("rows", FOUR, asker)

    with serve() as server, asking(server.url) as asker:
        assert not asyncio.run(inside(asker)).missing


def test_a_client_refuses_to_start_without_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Store() as store:
        client = Client(quick(""), Budget(store))
        with pytest.raises(ServerError, match="OPENAI_API_KEY"):
            client.run([lambda: question(0, 1)])
