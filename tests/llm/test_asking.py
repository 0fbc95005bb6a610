"""What all that ask a model share: a neutral prompt, no key without need, batches, records."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from taxonomy._core.errors import LLMError
from taxonomy.builders import LanguageModelTree
from taxonomy.cli import main
from taxonomy.labels import LabelSet
from taxonomy.llm.batch import collect_results, export_requests, import_results
from taxonomy.llm.naming import ask_names
from taxonomy.llm.sensing import Senses
from taxonomy.llm.settings import Settings
from taxonomy.llm.template import get_template
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import LanguageModel
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.server import completion, data_of, good_answer, serve

WORDS = LabelSet(["bat", "crane", "mouse", "car", "van", "fork"])
SOFT, HARD = ("bat", "crane", "mouse"), ("car", "fork", "van")


def answer(body: dict, number: int = 0) -> str:
    """Answer the questions of every strategy; a tree leaves one class out, to be placed."""
    asked = data_of(body)
    system = body["messages"][0]["content"]
    if "names" in asked:
        return json.dumps({"senses": {entry["id"]: 1 for entry in asked["categories"]}})
    if "Describe" in system:
        return json.dumps({"description": "a thing of some shape"})
    if "Propose" in system:
        return json.dumps({"groups": ["soft", "hard"]})
    if "groups" in asked and "category" in asked:
        return json.dumps({"group": 1 + (asked["category"]["id"] in HARD)})
    if "groups" in asked:
        return json.dumps({"groups": {entry["id"]: 2 for entry in asked["categories"]}})
    if "Sort all" in system:
        below = [
            {"name": "soft", "leaves": list(SOFT)},
            {"name": "hard", "leaves": list(HARD[:2])},
        ]
        return json.dumps({"name": "root", "children": below})
    return good_answer(body)


ASKING = {
    "rows": lambda **options: LanguageModel(**options),
    "pairs": lambda **options: LanguageModel(strategy="pairs", **options),
    "triplets": lambda **options: LanguageModel(strategy="triplets", **options),
    "groups": lambda **options: LanguageModelTree(**options),
    "assign": lambda **options: LanguageModelTree(strategy="assign", **options),
    "senses": lambda **options: Senses(**options),
}
TREE = ["groups", "assign"]


def settings(folder, url: str = "") -> dict:
    return {"model": "scripted", "base_url": url, "store": str(folder / "s.sqlite")}


class TestContext:
    @pytest.mark.parametrize("name", ASKING)
    def test_a_new_users_prompt_says_nothing_of_how_classes_are_seen(self, tmp_path, name):
        with serve(answer) as server:
            ASKING[name](**settings(tmp_path, server.url))(WORDS)
            prompts = [body["messages"][0]["content"] for body in server.bodies]
        assert prompts
        for prompt in prompts:
            assert "icon" not in prompt
            assert "{" not in prompt.partition("Answer with")[0]
            assert ("The categories are" in prompt) == (name == "senses")

    def test_a_context_completes_the_sentence(self, tmp_path):
        with serve(answer) as server:
            LanguageModel(**settings(tmp_path, server.url), context="kitchen things")(WORDS)
            prompt = server.bodies[0]["messages"][0]["content"]
        assert "The categories are kitchen things." in prompt

    @pytest.mark.parametrize("blank", ["", " "])
    def test_no_template_keeps_an_empty_sentence(self, blank):
        template = get_template("rows")
        assert template.fill(context=blank) == template.text.replace(
            " The categories are {context}.", ""
        )


class TestNoKey:
    """Where all answers are stored, nothing is sent: no key, no server, no openai."""

    @pytest.fixture(autouse=True)
    def no_key(self, monkeypatch):
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    @pytest.mark.parametrize("name", ASKING)
    def test_nothing_is_needed_for_stored_answers(self, tmp_path, name, monkeypatch):
        with serve(answer) as server:
            first = ASKING[name](**settings(tmp_path, server.url))(WORDS)
        monkeypatch.setitem(sys.modules, "openai", None)  # importing it fails
        again = ASKING[name](**settings(tmp_path))(WORDS)
        if isinstance(first, dict):
            assert first == again
        else:
            assert first.digest == again.digest

    def test_nor_by_the_command(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        WORDS.save("words.csv")
        words = ["words.csv", "--model", "m"]
        with serve(answer) as server:
            made = ["generate", *words, "--source", "llm", "--levels", "2"]
            assert main([*made, "--base-url", server.url]) == 0
        assert main(made) == 0
        assert main(["llm", "collect", *words]) == 0
        assert "no batch is under way" in capsys.readouterr().out

    def test_nor_for_names_of_nodes(self, tmp_path):
        tree = Hierarchy.from_nested([list(SOFT), list(HARD)])

        def script(body, _):
            return json.dumps(
                {"names": {g["id"]: f"group {g['id']}" for g in data_of(body)["groups"]}}
            )

        with serve(script) as server:
            first = ask_names(tree, WORDS, Settings(**settings(tmp_path, server.url)))
        assert ask_names(tree, WORDS, Settings(**settings(tmp_path))) == first
        assert len(first) == 2

    def test_collecting_nothing(self, tmp_path):
        assert collect_results(LanguageModel(**settings(tmp_path))) == []


def results(requests: str) -> str:
    """Return the Batch output file for an input file."""
    lines = []
    for line in map(json.loads, requests.splitlines()):
        response = {"status_code": 200, "body": completion(answer(line["body"]))}
        lines.append(json.dumps({"custom_id": line["custom_id"], "response": response}))
    return "\n".join(lines)


class TestBatchesAndRecords:
    """Out as files, in as files, and a transcript that replays, for all that ask."""

    @pytest.mark.parametrize("name", ASKING)
    def test_the_whole_way_in_the_library(self, tmp_path, name):
        asking = ASKING[name](**settings(tmp_path))
        rounds = 0
        while requests := export_requests(asking, WORDS):
            counts = import_results(asking, WORDS, results(requests))
            assert counts == {"taken": len(requests.splitlines())}
            rounds += 1
        assert rounds == (2 if name in TREE else 1)  # then what the first answers led to
        transcript, unanswered = asking.record(WORDS, "a note")
        assert unanswered == 0
        assert (transcript.strategy, transcript.note) == (name, "a note")
        transcript.save(tmp_path / "t.jsonl.xz")
        replayed = ASKING[name](transcript=str(tmp_path / "t.jsonl.xz"))(WORDS)
        direct = asking(WORDS)
        if isinstance(direct, dict):
            assert replayed == direct
        else:
            assert replayed.digest == direct.digest

    @pytest.mark.parametrize("name", ["pairs", "triplets", "describe"])
    def test_the_command_asks_by_the_strategy_that_is_named(self, tmp_path, monkeypatch, name):
        monkeypatch.chdir(tmp_path)
        WORDS.save("words.csv")
        how = ["words.csv", "--strategy", name, "--model", "m"]
        assert main(["llm", "export", *how, "--out", "out.jsonl"]) == 0
        (tmp_path / "in.jsonl").write_text(results((tmp_path / "out.jsonl").read_text()))
        assert main(["llm", "import", *how, "--results", "in.jsonl"]) == 0
        assert main(["llm", "transcript", *how, "--out", "t.jsonl.xz"]) == 0
        assert Transcript.load("t.jsonl.xz").strategy == name

    def test_the_replay_that_is_named_repeats_the_options(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        WORDS.save("words.csv")
        how = ["--strategy", "assign", "--options", "all soft; not so", "--model", "m"]
        with serve(answer) as server:
            made = ["generate", "words.csv", "--builder", "llm", *how, "--base-url", server.url]
            assert main([*made, "--out", "first.json"]) == 0
        assert main(["llm", "transcript", "words.csv", *how, "--out", "t.jsonl.xz"]) == 0
        told = capsys.readouterr().out.splitlines()
        line = next(line for line in told if line.startswith("replay: taxonomy "))
        replay = shlex.split(line.removeprefix("replay: taxonomy ").replace("…", "words.csv"))
        assert main([*replay, "--out", "second.json"]) == 0
        first, second = (Hierarchy.load(f"{name}.json") for name in ("first", "second"))
        assert first.digest == second.digest

    @pytest.mark.parametrize("name", TREE)
    def test_one_prompt_and_one_tree_by_the_command(self, tmp_path, monkeypatch, capsys, name):
        monkeypatch.chdir(tmp_path)
        WORDS.save("words.csv")
        how = ["words.csv", "--strategy", name, "--model", "m"]
        for _ in range(2):
            assert main(["llm", "export", *how, "--out", "out.jsonl"]) == 0
            requests = (tmp_path / "out.jsonl").read_text()
            (tmp_path / "in.jsonl").write_text(results(requests))
            assert main(["llm", "import", *how, "--results", "in.jsonl"]) == 0
        assert main(["llm", "transcript", *how, "--out", "t.jsonl.xz"]) == 0
        told = capsys.readouterr().out
        assert "are not answered yet" not in told
        assert Transcript.load("t.jsonl.xz").strategy == name
        line = next(line for line in told.splitlines() if line.startswith("replay: taxonomy "))
        replay = line.removeprefix("replay: taxonomy ").replace("…", "words.csv").split()
        assert main([*replay, "--out", "tree.json"]) == 0
        tree = Hierarchy.load("tree.json")
        assert {tree.clade(int(node)) for node in tree.children(0)} == {SOFT, HARD}

    def test_a_record_of_nothing_is_refused(self, tmp_path):
        with pytest.raises(LLMError, match="`store`"):
            LanguageModel(**settings(tmp_path)).record(WORDS)
        assert list(tmp_path.iterdir()) == []

    def test_a_record_says_how_many_questions_are_open(self, tmp_path):
        asking = LanguageModel(**settings(tmp_path))
        requests = export_requests(asking, WORDS)
        import_results(asking, WORDS, results("\n".join(requests.splitlines()[:4])))
        transcript, unanswered = asking.record(WORDS)
        assert (len(transcript.records), unanswered) == (4, 2)
        assert isinstance(transcript, Transcript)
