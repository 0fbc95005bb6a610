"""The prompts for trees: what version 2 says, and that version 1 stays as it was answered."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest

from taxonomy._core.errors import IncompleteError
from taxonomy.builders import LanguageModelTree
from taxonomy.labels import LabelSet, get_labels
from taxonomy.llm import grouping
from taxonomy.llm.asker import Asker
from taxonomy.llm.grouping import assign, groups, shape
from taxonomy.llm.store import Store
from taxonomy.llm.template import get_template
from taxonomy.llm.transcript import Transcript
from tests.support.asking import asking
from tests.support.forms import any_answer
from tests.support.server import completion, data_of, serve

THINGS = LabelSet(f"thing {i:02}" for i in range(40))


def asked_first(labels: LabelSet, **versions: int):
    """Return the first question that a tree of labels needs."""
    with Store() as store:
        asker = Asker(store, "m", "", versions=versions)
        with suppress(IncompleteError):
            groups(labels, asker)
        (question,) = asker.outstanding.values()
        return question


class TestVersion2:
    @pytest.mark.parametrize("n", [3, 10, 23, 24, 40, 60, 100, 212, 300])
    def test_a_range_has_two_ends(self, n):
        text = asked_first(LabelSet(f"c{i:04}" for i in range(n))).system
        for low, high in re.findall(r"(\d+) to (\d+)", text):
            assert int(low) < int(high)

    @pytest.mark.parametrize(
        ("n", "told"), [(301, "7 to 12"), (1000, "8 to 12"), (9999, "8 to 12")]
    )
    def test_a_long_list_is_not_divided_into_12_to_12_groups(self, n, told):
        assert f"- {told} groups." in asked_first(LabelSet(f"c{i:04}" for i in range(n))).system

    def test_it_says_what_version_1_left_open(self):
        text = shape(212)
        assert text.startswith("6 to 12 top groups; under each, 1 to 8 subgroups;")
        assert text.endswith("30 to 50 subgroups in all, top groups not counted.")
        assert "three to five categories" in get_template("groups").text
        for name in ("groups", "propose", "place"):
            assert '"other"' in get_template(name).text
        assert "missing" not in get_template("place").text

    def test_a_group_that_is_sorted_is_named_and_all_go_out_together(self, monkeypatch):
        monkeypatch.setattr(grouping, "LIST", 30)

        def script(body):
            asked = data_of(body)
            if "groups" in asked:
                return json.dumps(
                    {"groups": {e["id"]: 1 + (e["id"] > "thing 19") for e in asked["categories"]}}
                )
            return any_answer(body)

        rounds: list[list[str | None]] = []
        with Store() as store:
            while True:
                asker = Asker(store, "m", "")
                with suppress(IncompleteError):
                    groups(THINGS, asker)
                if not (waiting := list(asker.outstanding.values())):
                    break
                for question in waiting:
                    answer = completion(script({"messages": question.messages}))
                    store.put_answer(question.key, answer)
                rounds.append([json.loads(question.user).get("group") for question in waiting])
        assert rounds == [[None], [None], ["soft", "hard"]]  # propose, place, and both groups

    def test_groups_below_assigned_ones_are_proposed_with_their_names(self):
        with serve(lambda body, _: any_answer(body)) as server, asking(server.url) as asker:
            labels = LabelSet(["a", "bb", "c", "dd", "e", "ff", "g", "hh", "i", "jj", "k", "ll"])
            assign(labels, asker, depth=2)
            named = [data_of(b).get("group") for b in server.bodies if "Propose" in str(b)]
            assert set(named) == {None, "hard", "soft"}


class TestVersion1:
    def test_its_words_are_those_that_were_answered(self):
        told = Transcript.load("icons/llm-groups")
        assert told.versions == {"groups": 1}
        question = asked_first(get_labels("icons"), groups=1)
        context = " The categories are seen in icon-like pictures."
        for _, request, _ in told.records:
            system, user = (message["content"] for message in request["body"]["messages"])
            assert system.replace(context, "") == question.system
            assert user == question.user

    def test_a_replay_says_which_version_it_is_of(self):
        tree = LanguageModelTree(transcript="icons/llm-groups")(get_labels("icons"))
        assert tree.provenance["template"].startswith("groups-v1 ")

    def test_a_new_run_asks_by_the_latest_and_replays_by_it(self, tmp_path):
        options = {"model": "m", "store": str(tmp_path / "s.sqlite")}
        with serve(lambda body, _: any_answer(body)) as server:
            asking_ = LanguageModelTree(base_url=server.url, **options)
            tree = asking_(THINGS)
        told, _ = asking_.record(THINGS)
        told.save(tmp_path / "t.jsonl.xz")
        assert told.versions == {"groups": 2}
        again = LanguageModelTree(transcript=str(tmp_path / "t.jsonl.xz"))(THINGS)
        assert again.digest == tree.digest
        assert again.provenance["template"].startswith("groups-v2 ")


class TestTrees:
    """Forms of a tree that models write."""

    @staticmethod
    def tree(answer: str, labels=THINGS):
        with serve(lambda *_: answer) as server, asking(server.url) as asker:
            found = groups(labels, asker)
            assert len(server.bodies) == 1
            return found

    def test_categories_may_stand_among_groups(self):
        ids = list(THINGS.ids)
        below = [{"name": "a", "children": ids[:20]}, {"name": "b", "leaves": ids[20:]}]
        found = self.tree(json.dumps({"name": "root", "children": below}))
        assert [len(one["leaves"]) for one in found["children"]] == [20, 20]

    def test_a_tree_of_one_level_is_one(self):
        ids = list(THINGS.ids)
        below = [{"name": "a", "leaves": ids[:3]}, {"name": "b", "leaves": ids[3:]}]
        found = self.tree(json.dumps({"name": "root", "children": below}))
        assert [len(one["leaves"]) for one in found["children"]] == [3, 37]
