"""The shipped answers: their requests, the trees they replay to, and what they are like."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from taxonomy._core import io, shipped
from taxonomy._core.errors import FileFormatError, IncompleteError, LLMError
from taxonomy.builders import get_builder
from taxonomy.cli import main
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.llm.asker import Asker
from taxonomy.llm.question import Question, wire_id
from taxonomy.llm.scoring import judge, rows
from taxonomy.llm.sensing import Senses
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import get_source
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.wordnet.senses import propose

ICONS = get_labels("icons")

DIGESTS = {
    "llm-rows": "6dd6691ce4194592b407defe35663a574d83a39fd396bb09c465b92673144433",
    "llm-rows-roomy": "09404d13a8b832c6babb9943a124c15ca1108d14eb6b2dabd58033cca33d226e",
    "llm-rows-24": "31c26881701f624e643b11254a24d6f391c783ccfa6f140a1f4fa8119dda5849",
    "llm-groups-0": "098cdefa7cdc3a8f36064f6e7c37e3cc81b0ac1326e0fb61256eb4150c083037",
    "llm-groups": "eef697ab52ef71fbf5b3c47d13f6d5704891d9d631364b881306a21461726c3e",
    "llm-groups-2": "881800945e22d8f62e9ad8ac1ed0cc2820cef5890d6ce552f0e9ce0e446b222c",
}
"""Of the trees; they must never change, for tasks and results refer to them."""


SENSES = {
    "icons": (
        202,
        "fa969ef66b961a9d82a430e40ba646be4fcc19e91e028fa75079fdee5ef0a443",
        "1dd64dadd8fddbcb1c2d74ff0e38ad33b5e3568b202f684ab20b90011fbd07c9",
    ),
    "cifar-100": (
        99,
        "74b112748bb28e89a1b3344727f38ef54a80f4d07867edf1a6469130565622ea",
        "9a6ee46beff1dc1d1703cf97b0acb07fc0eca703dbeddcccfd036dc9424071e0",
    ),
}
"""Labels whose synset is the checked one, digests of all synsets and of the requests."""


def replayed(name: str) -> Hierarchy:
    if name.startswith("llm-rows"):
        scores = get_source("llm", transcript="icons/llm-rows")(ICONS)
        levels = {"llm-rows-roomy": (12, 48), "llm-rows-24": (24,)}.get(name)
        how = {"levels": levels, "slack": 2.0} if levels else {"levels": "auto"}
        return get_builder("cluster", **how)(ICONS, scores)
    first = {"llm-groups-0": 0, "llm-groups": 1, "llm-groups-2": 2}[name]
    return get_builder("llm", transcript="icons/llm-groups", first_repeat=first)(ICONS)


@pytest.mark.parametrize("name", DIGESTS)
def test_trees_replay_offline_to_the_committed_digests(name, disable_network):
    path = shipped.path(f"icons/trees/{name}.json", verify=True)
    first, again = replayed(name), replayed(name)
    assert first.digest == again.digest == DIGESTS[name] == Hierarchy.load(path).digest
    assert first.to_json().partition('"nodes"')[2] == path.read_text().partition('"nodes"')[2]


@pytest.fixture
def disable_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection during a replay")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_templates_render_the_shipped_requests_byte_for_byte():
    """The digest is of the 212 request bodies as they were answered, by anchor."""
    told = Transcript.load("icons/llm-rows")
    stored = {key: request["body"] for key, request, _ in told.records}
    state = hashlib.sha256()
    for prompt, _ in rows(ICONS):
        question = prompt.question("claude", "seen in icon-like pictures", {}, 0, {}, 0)
        assert stored.pop(question.key) == question.body
        for message in question.messages:
            state.update(message["content"].encode())
    assert stored == {}
    assert state.hexdigest() == "f220504032255da52a0d26abfd21046ad69dcbb96beab7188e0a808bb618b1be"


def test_what_the_scores_are_like():
    """As their source says of them: 44,732 scores, 180 distinct means over 22,366 pairs."""
    told = Transcript.load("icons/llm-rows")
    with told.store() as store:
        judged = judge("rows", ICONS, Asker(store, told.model, told.context))
    assert np.isfinite(judged.scores).sum() == 44_732
    report = judged.report()
    assert (report["pairs"], report["distinct"], report["missing"]) == (22_366, 180, 0)
    assert "seven parts" in told.note
    assert len({answer["request_id"] for _, _, answer in told.records}) == 7


def test_directions_across_parts_differ_as_their_source_says():
    """Over 19,251 pairs whose anchors were answered apart: 1.96 points, r = .967."""
    told = Transcript.load("icons/llm-rows")
    part = {}
    with told.store() as store:
        judged = judge("rows", ICONS, Asker(store, told.model, told.context))
    for _, request, answer in told.records:
        anchor = json.loads(request["body"]["messages"][1]["content"])["anchor"]["id"]
        part[anchor] = answer["request_id"]
    order = np.array([part[wire_id(name)] for name in ICONS.ids])
    i, j = np.triu_indices(212, 1)
    apart = order[i] != order[j]
    one, other = judged.scores[i, j][apart], judged.scores[j, i][apart]
    assert apart.sum() == 19_251
    assert np.abs(one - other).mean() == pytest.approx(1.96, abs=0.005)
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.967, abs=0.0005)


def asked_senses(title: str) -> list[tuple[Question, dict]]:
    """Return the questions about a set's names, in their order, with the shipped answers."""
    settings = Senses(model="claude", ignore_wnids=True)
    answers = {key: answer for key, _, answer in Transcript.load(f"{title}/llm-senses").records}
    with settings.asker(send=False, keep=False) as asker:
        settings.follow(get_labels(title), asker)
    return [(question, answers.pop(key)) for key, question in asker.outstanding.items()]


class TestSenses:
    @pytest.mark.parametrize("title", SENSES)
    def test_meanings_replay_offline(self, title, disable_network):
        labels = get_labels(title)
        opinions = Senses(transcript=f"{title}/llm-senses", ignore_wnids=True)(labels)
        bare = LabelSet(Label(label.id, label.name) for label in labels)
        made = propose(bare, opinions=opinions)
        wnids = {proposal.label.id: proposal.best.wnid for proposal in made}
        right = sum(wnids[label.id] == label.wnid for label in labels)
        assert (right, io.digest(wnids)) == SENSES[title][:2]

    @pytest.mark.parametrize("title", SENSES)
    def test_requests_are_those_that_were_answered(self, title):
        """Byte for byte; and of a label they hold its name and no more."""
        state = hashlib.sha256()
        for question, _ in asked_senses(title):
            for message in question.messages:
                state.update(message["content"].encode())
            for entry in json.loads(question.user)["categories"]:
                assert entry.keys() == {"id", "name", "senses"}
                assert entry["id"] == entry["name"]
            assert not re.search(r"n\d{8}", question.user)
        assert state.hexdigest() == SENSES[title][2]
        told = Transcript.load(f"{title}/llm-senses")
        assert not any(label.wnid or label.definition for label in told.labels)
        assert "no checked synset" in told.note

    def test_the_command_replays_them(self, capsys):
        assert main(["senses", "icons", "--ignore-wnids", "--transcript", "icons/llm-senses"]) == 0
        assert "of 143 ambiguous names" in capsys.readouterr().out


class TestReplay:
    def test_fewer_classes_are_answered_from_the_whole(self):
        few = ICONS.restrict(["cat", "dog", "car", "bus"])
        scores = get_source("llm", transcript="icons/llm-rows")(few)
        assert scores.ids == few.ids
        assert scores.between("cat", "dog") > scores.between("cat", "car")
        tree = get_builder("llm", transcript="icons/llm-groups")(few)
        assert sorted(tree.clade(int(k)) for k in tree.nodes[1:]) == [
            ("bus", "car"),
            ("cat", "dog"),
        ]

    def test_another_class_or_meaning_is_refused(self):
        for label in (Label("gnu"), Label("cat", "cat", "a whip")):
            with pytest.raises(LLMError, match="no class"):
                get_source("llm", transcript="icons/llm-rows")(LabelSet([label, "dog"]))

    def test_a_transcript_of_another_strategy_lacks_the_answers(self):
        with pytest.raises(IncompleteError, match="not asked yet"):
            get_builder("llm", transcript="icons/llm-rows")(ICONS)

    def test_several_answers_give_their_consensus(self):
        tree = get_builder("llm", transcript="icons/llm-groups", repeats=3)(ICONS)
        assert tree.leaves == ICONS.ids
        assert len(tree.nodes) < 61

    def test_equal_transcripts_have_equal_bytes(self, tmp_path):
        told = Transcript.load("icons/llm-groups")
        told.save(tmp_path / "a.jsonl.xz")
        Transcript.load(tmp_path / "a.jsonl.xz").save(tmp_path / "b.jsonl.xz")
        assert (tmp_path / "a.jsonl.xz").read_bytes() == (tmp_path / "b.jsonl.xz").read_bytes()

    @pytest.mark.parametrize("damage", ["cut", "text", "other", "edited"])
    def test_a_damaged_transcript_is_refused(self, tmp_path, damage):
        whole = shipped.path("icons/llm-groups.jsonl.xz").read_bytes()
        lines = lzma.decompress(whole).decode().split("\n")
        bad = {
            "cut": whole[: len(whole) // 2],
            "text": b"hello",
            "other": lzma.compress(b'{"format": "other"}\n'),
            "edited": lzma.compress((lines[0] + '\n{"request": {}, "answer": 3}\n').encode()),
        }[damage]
        (tmp_path / "t.jsonl.xz").write_bytes(bad)
        with pytest.raises(FileFormatError, match=r"t\.jsonl\.xz"):
            Transcript.load(tmp_path / "t.jsonl.xz")

    def test_an_edited_answer_gives_another_tree_and_an_edited_request_none(self, tmp_path):
        """A request that was changed has another key, so its answer is no longer found."""
        told = Transcript.load("icons/llm-groups")
        text = lzma.decompress(shipped.path("icons/llm-groups.jsonl.xz").read_bytes()).decode()
        path = tmp_path / "t.jsonl.xz"
        path.write_bytes(lzma.compress(text.replace("Sort all", "Mix all").encode()))
        assert len(Transcript.load(path).records) == len(told.records)
        with pytest.raises(IncompleteError):
            get_builder("llm", transcript=str(path))(ICONS)


def test_diff_of_a_transcript_with_itself_finds_nothing(capsys):
    assert main(["llm", "diff", "icons/llm-rows", "icons/llm-rows", "--most", "1"]) == 0
    out = capsys.readouterr().out
    assert "mean difference 0.0000, correlation 1.0000" in out


def test_diff_names_what_moved(tmp_path, capsys):
    """One score is edited; its pair moved farthest, and the two classes with it."""
    text = lzma.decompress(shipped.path("icons/llm-rows.jsonl.xz").read_bytes()).decode()
    before = '{\\"anchor\\":\\"cat\\",\\"scores\\":{\\"airplane\\":'
    start = text.index(before) + len(before)
    end = text.index(",", start)
    path = tmp_path / "edited.jsonl.xz"
    path.write_bytes(lzma.compress((text[:start] + "98" + text[end:]).encode()))
    words = ["llm", "diff", "icons/llm-rows", str(path), "--most", "1", "--out"]
    assert main([*words, str(tmp_path / "pairs.csv")]) == 0
    out = capsys.readouterr().out
    assert "  airplane – cat: 0." in out
    assert (tmp_path / "pairs.csv").read_text().splitlines()[1].startswith("airplane,cat,")


def test_diff_of_two_strategies_is_refused(capsys):
    assert main(["llm", "diff", "icons/llm-rows", "icons/llm-groups"]) == 2
    assert "one strategy" in capsys.readouterr().err


def test_transcripts_are_made_again_byte_for_byte_from_raw_answers(tmp_path):
    answers = tmp_path / "answers"
    answers.mkdir()
    lines: dict[str, list[str]] = {"requests": [], "results": []}
    for number, (_, request, answer) in enumerate(Transcript.load("icons/llm-rows").records):
        body = {key: value for key, value in answer.items() if key != "request_id"}
        response = {"status_code": 200, "request_id": answer["request_id"], "body": body}
        lines["requests"].append(json.dumps({"custom_id": str(number), "body": request["body"]}))
        lines["results"].append(json.dumps({"custom_id": str(number), "response": response}))
    for what, text in lines.items():
        packed = gzip.compress("\n".join(text).encode())
        (answers / f"icons-rows-v1.{what}.jsonl.gz").write_bytes(packed)
    for _, request, answer in Transcript.load("icons/llm-groups").records:
        content = answer["choices"][0]["message"]["content"]
        (answers / f"icons-groups-v1.{request['repeat']}.json").write_text(content)
    rows = shipped.path("cifar-100/llm-rows.jsonl.xz").read_bytes()
    (answers / "cifar-100-llm-rows.jsonl.xz").write_bytes(rows)
    for title in ("cifar-100", "imagenet-1k"):
        given = [
            {"request": request["body"], "answer": answer["choices"][0]["message"]["content"]}
            for _, request, answer in Transcript.load(f"{title}/llm-groups").records
        ]
        packed = lzma.compress("\n".join(map(json.dumps, given)).encode())
        (answers / f"{title}-groups-v1.jsonl.xz").write_bytes(packed)
    for title in SENSES:
        for number, (_, answer) in enumerate(asked_senses(title)):
            content = answer["choices"][0]["message"]["content"]
            (answers / f"{title}-{number:02d}.txt").write_text(content)
    script = Path("hierarchies/make_transcripts.py").resolve()
    out = tmp_path / "out"
    words = [sys.executable, str(script), str(answers), "--out", str(out)]
    subprocess.run(words, check=True, capture_output=True)
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.jsonl.xz"))
    assert made == sorted(name for name in shipped.index() if name.endswith(".jsonl.xz"))
    for name in made:
        assert (out / name).read_bytes() == shipped.path(name).read_bytes()
