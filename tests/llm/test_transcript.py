"""Transcripts: what a file holds is checked when it is read, and the line at fault is named."""

from __future__ import annotations

import lzma

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy._core.errors import FileFormatError
from taxonomy.labels import LabelSet
from taxonomy.llm.question import key_of
from taxonomy.llm.transcript import Transcript
from tests.support.mutants import json_text, mutants

HEAD = {
    "format": "taxonomy-transcript",
    "version": 1,
    "model": "m",
    "context": "",
    "parameters": {"seed": 1},
    "note": "",
    "labels": [["cat", "cat", "", ""], ["dog", "dog", "", ""]],
}
REQUEST = {
    "body": {"messages": [{"role": "user", "content": "?"}]},
    "template": "rows-v1",
    "template_digest": "0" * 64,
    "repeat": 0,
    "attempt": 0,
}
ANSWER = {"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "!"}}]}
LINES = [HEAD, {"request": REQUEST, "answer": ANSWER}]


def write(path, lines):
    path.write_bytes(lzma.compress("\n".join(map(json_text, lines)).encode(), preset=0))
    return path


def test_a_file_is_read_and_written_to_the_same_bytes(tmp_path):
    read = Transcript.load(write(tmp_path / "a.jsonl.xz", LINES))
    key = key_of(REQUEST["body"], REQUEST["template_digest"], 0, 0)
    assert read.records == ((key, REQUEST, ANSWER),)
    assert read.labels == LabelSet(["cat", "dog"])
    read.save(tmp_path / "b.jsonl.xz")
    again = Transcript.load(tmp_path / "b.jsonl.xz")
    assert again == read
    again.save(tmp_path / "c.jsonl.xz")
    assert (tmp_path / "b.jsonl.xz").read_bytes() == (tmp_path / "c.jsonl.xz").read_bytes()


@pytest.mark.parametrize("version", ["²", "9" * 5000, "", "1.5", "-1"])
def test_what_is_no_version_of_a_template_is_none(tmp_path, version):
    """Such as a digit that is no number, or a number that is too long to be read."""
    lines = changed(request={**REQUEST, "template": f"rows-v{version}"})
    assert Transcript.load(write(tmp_path / "a.jsonl.xz", lines)).versions == {}


def changed(**parts):
    return [HEAD, {**LINES[1], **parts}]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{**HEAD, "format": "x"}], "not a taxonomy-transcript file"),
        ([[]], "not a taxonomy-transcript file"),
        ([{**HEAD, "labels": [["cat"]]}], r"line 1: labels\[0\]: "),
        ([{**HEAD, "labels": [["cat", "", "", "x"]]}], "line 1: .*wnid"),
        ([{**HEAD, "modle": "m"}], "line 1: unknown field 'modle'. Did you mean 'model'"),
        ([HEAD, 3], "line 2: expected an object, found 3"),
        (changed(request={**REQUEST, "template": None}), "line 2: request.template: expected text"),
        (changed(request={"body": {}}), "line 2: request: lacks the field 'template'"),
        (changed(answer={"choices": []}), "line 2: the answer has no choices"),
        (changed(answer={"choices": [{"message": "!"}]}), r"choices\[0\].message: expected an obj"),
        (changed(answer={**ANSWER, "x": float("nan")}), r"line 2: answer.x: expected a finite"),
        (changed(answer={**ANSWER, "x": "\ud800"}), r"line 2: answer.x: expected valid text"),
        (changed(answer={**ANSWER, "x": 2**70}), r"line 2: answer.x: expected an integer of at mo"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, lines, message):
    with pytest.raises(FileFormatError, match=rf"a\.jsonl\.xz.*{message}"):
        Transcript.load(write(tmp_path / "a.jsonl.xz", lines))


@pytest.mark.parametrize("content", [b"", b"no xz", lzma.compress(b"\xff")])
def test_what_is_no_compressed_text_is_refused(tmp_path, content):
    (tmp_path / "a.jsonl.xz").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"a\.jsonl\.xz"):
        Transcript.load(tmp_path / "a.jsonl.xz")


@settings(deadline=None)
@given(st.data())
def test_any_damaged_line_is_refused_or_can_be_saved_and_read_again(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("transcripts")
    head = data.draw(st.just(HEAD) | mutants(HEAD))
    path = write(folder / "a.jsonl.xz", [head, data.draw(mutants(LINES[1]))])
    try:
        read = Transcript.load(path)
    except FileFormatError as error:
        assert len(str(error)) <= 400 + len(str(path))
        return
    read.save(folder / "b.jsonl.xz")
    assert Transcript.load(folder / "b.jsonl.xz") == read
    assert isinstance(read.strategy, str)
