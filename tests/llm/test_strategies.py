"""What strategies ask and make of answers: pairs, triplets, digits, trees, descriptions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from taxonomy._core.errors import IncompleteError, LLMError
from taxonomy.builders import get_builder
from taxonomy.labels import LabelSet, get_labels
from taxonomy.llm import grouping
from taxonomy.llm.describing import describe
from taxonomy.llm.grouping import assign, groups, shape
from taxonomy.llm.scoring import judge, triplets
from tests.support.asking import FOUR, asking
from tests.support.server import completion, data_of, error, good_answer, score, serve

ICONS = LabelSet(list(get_labels("icons"))[::9])  # 24


class TestScores:
    def test_both_directions_are_asked_and_averaged(self):
        for strategy in ("rows", "pairs"):
            with serve() as server, asking(server.url) as asker:
                judged = judge(strategy, FOUR, asker)
            assert judged.scores[0, 1] == score("ant", "bee")
            assert judged.scores[1, 0] == score("bee", "ant")
            values, filled = judged.values()
            assert values[0, 1] == pytest.approx((score("ant", "bee") + score("bee", "ant")) / 200)
            assert filled == {}

    def test_disagreement_of_the_directions_is_reported(self):
        with serve() as server, asking(server.url) as asker:
            report = judge("rows", FOUR, asker).report()
        apart = [
            abs(score(a, b) - score(b, a))
            for i, a in enumerate(FOUR.ids)
            for b in FOUR.ids[i + 1 :]
        ]
        assert report["asymmetry"] == pytest.approx(sum(apart) / 6)

    def test_repeats_give_a_mean_and_a_spread(self):
        """Three answers a, a + 2, a + 4: the mean is a + 2, the deviation 2."""
        asked: dict[str, int] = {}

        def script(body, number):
            answer = json.loads(good_answer(body))
            anchor = answer["anchor"]
            asked[anchor] = asked.get(anchor, -1) + 1
            answer["scores"] = dict.fromkeys(answer["scores"], 10 + 2 * asked[anchor])
            return json.dumps(answer)

        with serve(script) as server, asking(server.url) as asker:
            judged = judge("rows", FOUR, asker, repeats=3)
            assert len(server.bodies) == 12
        off = ~np.eye(4, dtype=bool)
        assert (judged.scores[off] == 12).all()
        assert judged.spread[off] == pytest.approx(2)
        assert judged.report()["spread"] == pytest.approx(2)

    def test_a_long_list_is_split_and_joined(self, monkeypatch):
        monkeypatch.setattr("taxonomy.llm.scoring.ROW", 10)
        with serve() as server, asking(server.url) as asker:
            split = judge("rows", ICONS, asker)
            assert len(server.bodies) == 24 * 3
            assert max(len(data_of(b)["categories"]) for b in server.bodies) <= 10
        assert np.isfinite(split.scores).sum() == 24 * 23

    def test_triplets_cover_every_pair(self):
        for n, least in ((4, 2), (9, 3), (5, 99)):
            chosen = triplets(LabelSet(f"c{i}" for i in range(n)), least)
            held = np.zeros((n, n))
            for a, b, c in chosen:
                assert a < b < c
                for i, j in ((a, b), (a, c), (b, c)):
                    held[i, j] += 1
            assert held[np.triu_indices(n, 1)].min() >= min(least, n - 2)
            assert len(set(chosen)) == len(chosen)

    def test_odd_ones_become_probabilities(self):
        """Insects go together; of ant, bee, car the car is odd: 1 + 2 of 3 + 2 for ant and bee."""
        kind = {"ant": 0, "bee": 0, "car": 1, "van": 1}

        def script(body, number):
            odd = {}
            for triplet in data_of(body)["triplets"]:
                kinds = [kind[entry["id"]] for entry in triplet["of"]]
                odd[triplet["id"]] = next(k + 1 for k in range(3) if kinds.count(kinds[k]) == 1)
            return json.dumps({"odd": odd})

        with serve(script) as server, asking(server.url) as asker:
            judged = judge("triplets", FOUR, asker)
        assert judged.scores[0, 1] == judged.scores[2, 3] == (2 + 1) / (2 + 3)
        assert judged.scores[0, 2] == (0 + 1) / (2 + 3)


def with_logs(body, number, tokens=None):
    """Answer 3 everywhere, but consider 3 and 5 equally likely."""
    asked = data_of(body)["pairs"][0]["id"]
    half = math.log(0.3)
    top = [("3", half), ("5", half), ("x", math.log(0.2)), ("42", math.log(0.1))]
    parts = tokens or ['{"scores"', ': {"', asked, '": ', "3", "}}"]
    content = [
        {
            "token": part,
            "logprob": -0.1,
            "top_logprobs": [{"token": t, "logprob": p} for t, p in top] if part == "3" else [],
        }
        for part in parts
    ]
    text = f'{{"scores": {{"{asked}": 3}}}}'
    return completion(text, choice={"logprobs": {"content": content}})


class TestExpected:
    def ask(self, script):
        with serve(script) as server, asking(server.url) as asker:
            asker.parameters = {"logprobs": True, "top_logprobs": 20}
            return judge("pairs", FOUR, asker, expected=True), server.bodies

    def test_the_expected_digit_is_used(self):
        judged, bodies = self.ask(with_logs)
        off = ~np.eye(4, dtype=bool)
        assert judged.scores[off] == pytest.approx(4)  # (3 + 5) / 2; the rest is no digit
        assert judged.expected == 12
        assert bodies[0]["logprobs"] is True

    def test_tokens_of_another_text_are_not_used(self):
        judged, _ = self.ask(lambda body, n: with_logs(body, n, ["`", "3", "3"]))
        assert judged.expected == 0
        assert judged.scores[0, 1] == 3

    def test_a_server_without_log_probabilities_gives_plain_digits(self):
        def script(body, number):
            if "top_logprobs" in body:
                return error(400, "logprobs are not supported with this model")
            return good_answer(body)

        judged, bodies = self.ask(script)
        assert judged.expected == 0
        assert not judged.missing
        assert sum("logprobs" in body for body in bodies) <= 2  # those under way at first

    def test_the_source_asks_for_them(self, tmp_path):
        from taxonomy.similarity import get_source

        with serve(with_logs) as server:
            source = get_source(
                "llm",
                model="m",
                base_url=server.url,
                store=str(tmp_path / "s"),
                strategy="pairs",
                expected=True,
            )
            assert source(FOUR).provenance["report"]["expected"] == 12
            assert server.bodies[0]["top_logprobs"] == 20


def sorted_tree(body, drop=(), twice=(), extra=()):
    """Sort the categories by their first letters, with faults."""
    ids = [entry["id"] for entry in data_of(body)["categories"]]
    low = [i for i in ids if i < "m" and i not in drop]
    high = [*(i for i in ids if i >= "m" and i not in drop), *twice, *extra]
    return json.dumps(
        {
            "name": "root",
            "children": [
                {"name": "low", "children": [{"name": "a to l", "leaves": low}]},
                {"name": "high", "children": [{"name": "m to z", "leaves": high}]},
            ],
        }
    )


class TestGroups:
    def test_a_good_answer_is_the_tree(self):
        with serve(lambda body, _: sorted_tree(body)) as server, asking(server.url) as asker:
            tree = groups(ICONS, asker)
            assert len(server.bodies) == 1
            assert shape(24) in server.bodies[0]["messages"][0]["content"]
        assert [child["name"] for child in tree["children"]] == ["low", "high"]

    def test_only_what_is_wrong_is_asked_again(self):
        """One left out, one twice, one invented: two are placed, the invented one is dropped."""
        lost, double = ICONS.ids[0], ICONS.ids[1]

        def script(body, number):
            if "groups" in (asked := data_of(body)):
                return json.dumps({"groups": {entry["id"]: 1 for entry in asked["categories"]}})
            return sorted_tree(body, drop=[lost], twice=[double], extra=["unicorn"])

        with serve(script) as server, asking(server.url) as asker:
            tree = groups(ICONS, asker)
            assert [e["id"] for e in data_of(server.bodies[1])["categories"]] == [lost, double]
            assert len(server.bodies) == 2
        leaves = [
            one for top in tree["children"] for sub in top["children"] for one in sub["leaves"]
        ]
        assert sorted(leaves) == list(ICONS.ids)

    def test_what_stays_wrong_is_missing_after_two_more_questions(self):
        def script(body, number):
            if "groups" in data_of(body):
                return json.dumps({"groups": {}})
            return sorted_tree(body, drop=[ICONS.ids[0]])

        with serve(script) as server, asking(server.url) as asker:
            with pytest.raises(IncompleteError) as stopped:
                groups(ICONS, asker)
            assert len(server.bodies) == 3
        assert set(stopped.value.missing) == {ICONS.ids[0]}

    @pytest.mark.parametrize("bad", ["no", '{"name": "root"}', '{"name": "x", "children": 3}'])
    def test_an_unusable_tree_is_asked_again_as_a_whole(self, bad):
        script = lambda body, number: bad if number == 0 else sorted_tree(body)  # noqa: E731
        with serve(script) as server, asking(server.url) as asker:
            assert len(groups(ICONS, asker)["children"]) == 2
            assert len(server.bodies) == 2

    def test_a_long_list_is_divided_first(self, monkeypatch):
        monkeypatch.setattr(grouping, "LIST", 20)

        def script(body, number):
            asked = data_of(body)
            if "groups" in asked:
                number = {e["id"]: 1 + (e["id"] >= "m") for e in asked["categories"]}
                return json.dumps({"groups": number})
            if "Propose" in body["messages"][0]["content"]:
                return json.dumps({"groups": ["early", "late"]})
            return sorted_tree(body)

        with serve(script) as server, asking(server.url) as asker:
            tree = groups(ICONS, asker)
            assert len(server.bodies) == 4  # propose, place, two groups
        assert [child["name"] for child in tree["children"]] == ["early", "late"]

    def test_a_dry_run_says_that_more_may_follow(self, tmp_path):
        builder = get_builder("llm", model="m", store=str(tmp_path / "s"), repeats=3, price="1,1")
        plan = builder.plan(ICONS)
        assert plan.requests == 3
        assert "more to follow" in str(plan)


class TestAssign:
    def test_every_class_chooses_among_listed_groups(self):
        def script(body, number):
            asked = data_of(body)
            assert [g["name"] for g in asked["groups"]] == ["low", "high"]
            return json.dumps({"group": 1 + (asked["category"]["id"] >= "m")})

        with serve(script) as server, asking(server.url) as asker:
            tree = assign(ICONS, asker, ["low", "high"])
            assert len(server.bodies) == 24
        assert tree["children"][0]["leaves"] == [one for one in ICONS.ids if one < "m"]

    def test_groups_are_proposed_and_divided_top_down(self):
        def script(body, number):
            asked = data_of(body)
            if "categories" in asked:
                return json.dumps({"groups": [f"odd {len(asked['categories'])}", "even"]})
            return json.dumps({"group": 1 + len(asked["category"]["id"]) % 2})

        with serve(script) as server, asking(server.url) as asker:
            tree = assign(ICONS, asker, depth=2)
        top = tree["children"]
        assert [child["name"] for child in top] == ["odd 24", "even"]
        assert all(len(child["children"]) == 1 for child in top)  # a second time all alike

    @pytest.mark.parametrize("value", ["0", "3", "1.5e400", '"low"', "null"])
    def test_a_choice_that_is_none_is_missing(self, value):
        with serve(lambda *_: f'{{"group": {value}}}') as server, asking(server.url) as asker:
            with pytest.raises(IncompleteError):
                assign(FOUR, asker, ["low", "high"])
            assert len(server.bodies) == 4 * 3

    def test_one_group_is_no_choice(self):
        with asking("http://127.0.0.1:9/v1") as asker, pytest.raises(LLMError, match="two groups"):
            assign(FOUR, asker, ["all"])


class TestDescribe:
    def test_descriptions_take_the_place_of_definitions(self):
        def script(body, number):
            return json.dumps({"description": f"looks like a {data_of(body)['category']['id']}"})

        with serve(script) as server, asking(server.url) as asker:
            texts = describe(FOUR, asker)
        assert texts["ant"].definition == "looks like a ant"
        assert texts.ids == FOUR.ids

    @pytest.mark.parametrize("bad", ["", "x" * 601, "a\x1b[31m", "\u202eevil", 7])
    def test_an_unusable_description_is_missing(self, bad):
        answer = json.dumps({"description": bad})
        with (
            serve(lambda *_: answer) as server,
            asking(server.url) as asker,
            pytest.raises(IncompleteError, match="4 of 4 classes"),
        ):
            describe(FOUR, asker)

    def test_the_source_embeds_them(self, tmp_path):
        from taxonomy.similarity import get_source

        texts = {"ant": "a small insect", "bee": "a small insect", "car": "a car", "van": "a car"}

        def script(body, number):
            return json.dumps({"description": texts[data_of(body)["category"]["id"]]})

        with serve(script) as server:
            similarity = get_source(
                "llm",
                model="m",
                base_url=server.url,
                store=str(tmp_path / "s"),
                strategy="describe",
            )(FOUR)
        assert similarity.between("ant", "bee") > similarity.between("ant", "car")
        assert similarity.provenance["strategy"] == "describe"
        assert similarity.provenance["labels"] == FOUR.digest
