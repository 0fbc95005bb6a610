"""Twelve hostile replies: a typed fault each, asked again for exactly what is faulty."""

from __future__ import annotations

import json

import numpy as np
import pytest

from taxonomy._core.errors import IncompleteError, ServerError
from taxonomy.builders import get_builder
from taxonomy.labels import LabelSet
from taxonomy.llm.reply import Fault
from taxonomy.llm.scoring import judge
from taxonomy.similarity import get_source
from tests.support.asking import FOUR, asking
from tests.support.server import Raw, completion, data_of, good_answer, score, serve

ALL = {"bee", "car", "van"}


def scores(text: str, anchor: str = "ant") -> str:
    return f'{{"anchor": "{anchor}", "scores": {{{text}}}}}'


HOSTILE = {
    "fence around a broken object": ('```json\n{"anchor": "ant", \n```', Fault.NOT_JSON, ALL),
    "truncated": (
        completion('{"anchor": "ant", "scor', choice={"finish_reason": "length"}),
        Fault.TRUNCATED,
        ALL,
    ),
    "refusal": (completion(None, message={"refusal": "I will not."}), Fault.REFUSED, ALL),
    "filtered": (completion("", choice={"finish_reason": "content_filter"}), Fault.REFUSED, ALL),
    "empty": (" \n", Fault.EMPTY, ALL),
    "no content": (None, Fault.EMPTY, ALL),
    "HTML error page as the answer": ("<html><h1>502</h1></html>", Fault.NOT_JSON, ALL),
    "a list": ("[1, 2, 3]", Fault.NOT_JSON, ALL),
    "nested 100,000 deep": ("[" * 100_000, Fault.NOT_JSON, ALL),
    "NaN": (scores('"bee": NaN, "car": 1, "van": 2'), Fault.NOT_A_NUMBER, {"bee"}),
    "infinite": (scores('"bee": 1e999, "car": 1, "van": 2'), Fault.NOT_A_NUMBER, {"bee"}),
    "a text": (scores('"bee": "seven", "car": 1, "van": 2'), Fault.NOT_A_NUMBER, {"bee"}),
    "true": (scores('"bee": true, "car": 1, "van": 2'), Fault.NOT_A_NUMBER, {"bee"}),
    "above the scale": (scores('"bee": 101, "car": 1, "van": 2'), Fault.OUT_OF_RANGE, {"bee"}),
    "below the scale": (scores('"bee": -1, "car": 1, "van": 2'), Fault.OUT_OF_RANGE, {"bee"}),
    "300 digits": (scores(f'"bee": {"9" * 300}, "car": 1, "van": 2'), Fault.OUT_OF_RANGE, {"bee"}),
    "missing ids": (scores('"van": 2'), Fault.MISSING, {"bee", "car"}),
    "duplicate ids": (scores('"bee": 3, "bee": 4, "car": 1, "van": 2'), Fault.DUPLICATE, {"bee"}),
    "invented ids": (scores('"bea": 3, "car": 1, "van": 2'), Fault.MISSING, {"bee"}),
    "swapped ids": (scores('"ant": 3, "car": 1, "van": 2', "bee"), Fault.SWAPPED, ALL),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_each_kind_is_asked_again_twice_for_just_that_part_and_then_missing(kind):
    answer, fault, part = HOSTILE[kind]

    def script(body, number):
        return answer if data_of(body)["anchor"]["id"] == "ant" else good_answer(body)

    with serve(script) as server, asking(server.url) as asker:
        judged = judge("rows", FOUR, asker)
        asked = [b for b in server.bodies if data_of(b)["anchor"]["id"] == "ant"]
        parts = [{entry["id"] for entry in data_of(b)["categories"]} for b in asked]
        assert parts[:2] == [ALL, part]
        assert len(server.bodies) == 4 + 2
        assert judged.missing == {f"ant > {one}": str(fault) for one in sorted(part)}
        assert fault in asked[1]["messages"][0]["content"]
        # What else came is kept, and nothing is asked again when the run is repeated.
        assert np.isfinite(judged.scores[1:]).sum() == 9
        again = judge("rows", FOUR, asker)
        assert (len(server.bodies), again.missing) == (6, judged.missing)
    with pytest.raises(IncompleteError, match=f"ant > {min(part)}: {fault}") as error:
        judged.refuse_gaps()
    assert error.value.missing == judged.missing


def test_a_faulty_part_that_is_mended_is_whole():
    def script(body, number):
        return scores('"bee": NaN, "car": 1, "van": 2') if number == 0 else good_answer(body)

    with serve(script) as server, asking(server.url, concurrency=1) as asker:
        judged = judge("rows", FOUR, asker)
        assert not judged.missing
        assert judged.scores[0, 1:].tolist() == [score("ant", "bee"), 1, 2]
        assert judged.faults == {Fault.NOT_A_NUMBER: 1}
        assert len(data_of(server.bodies[1])["categories"]) == 1


@pytest.mark.parametrize(
    "wrap", ["```json\n{}\n```", "```\n{}```", "\n {} ", "<think>maybe {{9}}</think>\n{}"]
)
def test_a_fence_or_thoughts_around_a_good_answer_cost_no_second_request(wrap):
    with (
        serve(lambda body, _: wrap.replace("{}", good_answer(body))) as server,
        asking(server.url) as asker,
    ):
        assert not judge("rows", FOUR, asker).missing
        assert len(server.bodies) == 4


def test_an_html_page_in_place_of_a_completion_is_a_failing_server():
    page = Raw(200, "<html>busy</html>")
    with serve(lambda *_: page) as server, asking(server.url, retries=2, concurrency=1) as asker:
        with pytest.raises(ServerError, match="after 3 tries: the reply is no chat completion"):
            judge("rows", FOUR, asker)
        assert len(asker.store) == 0


def test_swapped_pairs_are_noticed():
    """An answer to another batch holds other pair ids, so nothing of it is taken."""
    answers: list[str] = []

    def script(body, number):
        answers.append(good_answer(body))
        return answers[0]

    labels = LabelSet([f"c{i}" for i in range(10)])  # 90 ordered pairs, so three batches
    with serve(script) as server, asking(server.url, concurrency=1) as asker:
        judged = judge("pairs", labels, asker)
        assert len(judged.missing) == 50
        assert set(judged.missing.values()) == {Fault.MISSING}
        assert len(server.bodies) == 3 + 2 * 2


class TestIncomplete:
    @staticmethod
    def script(body, number):
        """Answer nothing about the bee from the ant, and nothing at all between car and van."""
        answer = json.loads(good_answer(body))
        gaps = {"ant": ["bee"], "car": ["van"], "van": ["car"]}.get(answer["anchor"], [])
        for gap in gaps:
            answer["scores"].pop(gap, None)
        return json.dumps(answer)

    def source(self, server, folder, **options):
        return get_source(
            "llm", model="scripted", base_url=server.url, store=str(folder / "s.sqlite"), **options
        )

    def test_an_incomplete_matrix_stops_clustering_with_the_list(self, tmp_path):
        with serve(self.script) as server:
            with pytest.raises(IncompleteError, match="3 of 12 scores are missing") as error:
                self.source(server, tmp_path)(FOUR)
            assert set(error.value.missing) == {"ant > bee", "car > van", "van > car"}
            assert "set `missing='fill'`" in str(error.value)

    def test_filling_is_allowed_and_said(self, tmp_path):
        with serve(self.script) as server:
            similarity = self.source(server, tmp_path, missing="fill")(FOUR)
        assert similarity.provenance["filled"] == {"one_direction": 1, "neither": 1}
        assert similarity.provenance["report"]["missing"] == 3
        assert similarity.between("ant", "bee") == score("bee", "ant") / 100

        def mean(one, other):
            return (score(one, other) + score(other, one)) / 200

        known = {
            "car": [mean("car", "ant"), mean("car", "bee")],
            "van": [mean("van", "ant"), mean("van", "bee")],
        }
        expected = (sum(known["car"]) / 2 + sum(known["van"]) / 2) / 2
        assert similarity.between("car", "van") == pytest.approx(expected)
        assert get_builder("cluster", levels=(2,))(FOUR, similarity).leaves == FOUR.ids
