"""Two transcripts compared."""

from __future__ import annotations

import json

import pytest

from taxonomy._core.errors import LLMError, RegistryError
from taxonomy.builders import LanguageModelTree
from taxonomy.labels import LabelSet
from taxonomy.llm.sensing import Senses
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import LanguageModel
from taxonomy.studies.transcripts import asking_by_strategy, asking_class, compare_transcripts
from tests.support.asking import FOUR
from tests.support.server import data_of, good_answer, serve


def test_every_strategy_has_its_class():
    known = asking_by_strategy()
    assert {known[name] for name in ("rows", "pairs", "triplets", "describe")} == {LanguageModel}
    assert known["groups"] is known["assign"] is LanguageModelTree
    assert known["senses"] is Senses
    with pytest.raises(RegistryError, match="Did you mean 'groups'"):
        asking_class("group")


def test_a_transcript_does_not_disagree_with_itself():
    found = compare_transcripts("icons/llm-rows", "icons/llm-rows")
    assert (found.strategy, found.models, len(found.labels)) == ("rows", ("claude", "claude"), 212)
    assert found.scores.difference == 0
    assert found.scores.correlation == pytest.approx(1)
    assert found.metrics["robinson_foulds"].tolist() == [0]
    assert (found.moved["moved"] == 0).all()
    assert found.senses is None
    text = found.to_text()
    assert text.endswith("moved farthest:\n  none moved")
    assert "then" not in text


def recorded(asking, labels: LabelSet, path, script) -> str:
    with serve(script) as server:
        asking = asking(model=path.stem, base_url=server.url, store=str(path.with_suffix(".db")))
        asking(labels)
    asking.record(labels)[0].save(path)
    return str(path)


def test_two_models_that_score_otherwise(tmp_path):
    """The second one finds ant and van entirely alike; the classes that both know are compared."""

    def other(body, _):
        answer = json.loads(good_answer(body))
        if answer["anchor"] == "ant":
            answer["scores"]["van"] = 100
        return json.dumps(answer)

    five = LabelSet([*FOUR, *LabelSet(["wasp"])])
    a = recorded(LanguageModel, FOUR, tmp_path / "a.xz", lambda body, _: good_answer(body))
    b = recorded(LanguageModel, five, tmp_path / "b.xz", other)
    found = compare_transcripts(a, b)
    assert found.models == ("a", "b")
    assert found.labels == FOUR.ids
    row = found.scores.pairs.iloc[0]
    assert (row.one, row.other) == ("ant", "van")
    assert (found.scores.pairs.change.iloc[1:] == 0).all()


def test_two_models_that_read_names_otherwise(tmp_path):
    labels = LabelSet(["bat", "crane", "mouse"])

    def choosing(number):
        def script(body, _):
            return json.dumps({"senses": {e["id"]: number for e in data_of(body)["categories"]}})

        return script

    a = recorded(Senses, labels, tmp_path / "a.xz", choosing(1))
    b = recorded(Senses, labels, tmp_path / "b.xz", choosing(0))
    found = compare_transcripts(a, b)
    assert found.senses.label.tolist() == ["bat", "crane", "mouse"]
    assert found.senses.a.iloc[0] == "bat.n.01"
    assert set(found.senses.b) == {"none"}
    assert found.scores is found.metrics is found.moved is None


def test_what_cannot_be_compared_is_refused(tmp_path):
    with pytest.raises(LLMError, match="one strategy"):
        compare_transcripts("icons/llm-rows", "icons/llm-groups")
    script = lambda body, _: good_answer(body)  # noqa: E731
    a = recorded(LanguageModel, FOUR, tmp_path / "a.xz", script)
    others = LabelSet(["ant", "cup", "fork"])
    b = recorded(LanguageModel, others, tmp_path / "b.xz", script)
    with pytest.raises(LLMError, match="share 1 class"):
        compare_transcripts(a, b)
    assert Transcript.load(a).strategy == "rows"
