"""An API key is found nowhere after a run: store, transcript, logs, exceptions, exports, output."""

from __future__ import annotations

import logging
import lzma
import traceback

import pytest

from taxonomy._core.errors import ServerError
from taxonomy.cli import main
from taxonomy.labels import LabelSet
from taxonomy.llm.scoring import judge
from taxonomy.llm.server import Server
from tests.support.asking import FOUR, asking
from tests.support.server import Raw, completion, data_of, error, good_answer, serve

KEY = "sk-sentinel-0123456789abcdef"


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return KEY


def contents(folder):
    """Return the bytes of every file, unpacked where packed."""
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, lzma.decompress(data) if path.suffix == ".xz" else data


def echo(body, number):
    """Send the key back wherever a server can: in answers, other fields, and once as an error."""
    if number == 1:
        return error(500, f"bad key {KEY}")
    if data_of(body).get("anchor", {}).get("id") == "bee":
        return completion(f"your key is {KEY}", system_fingerprint=KEY)
    return completion(good_answer(body), system_fingerprint=KEY, id=KEY)


def test_after_a_full_run_it_is_in_no_file_and_in_no_output(
    tmp_path, monkeypatch, key, capsys, caplog
):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    FOUR.save("classes.csv")
    with serve(echo) as server:
        ask = f"--model m --base-url {server.url} --store s.sqlite".split()
        assert main(["generate", "classes.csv", "--source", "llm", *ask, "--missing", "fill"]) == 0
        sent = [{k.lower(): v for k, v in h.items()}["authorization"] for h in server.headers]
        assert set(sent) == {f"Bearer {KEY}"}, "the key was really used"
        words = ["llm", "transcript", "classes.csv", *ask, "--out", "t.jsonl.xz"]
        assert main(words) == 0
        LabelSet([*FOUR, "gnu"]).save("more.csv")
        assert main(["llm", "export", "more.csv", *ask, "--out", "requests.jsonl"]) == 0
    files = dict(contents(tmp_path))
    assert set(files) >= {"s.sqlite", "tree.json", "t.jsonl.xz", "requests.jsonl"}
    assert b"[key]" in files["t.jsonl.xz"]
    for name, data in files.items():
        assert KEY.encode() not in data, name
    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err + caplog.text


@pytest.mark.parametrize(
    "failure",
    [
        error(401, f"Incorrect API key provided: {KEY}"),
        error(400, f"{KEY}", param=KEY),
        Raw(500, f"<html>{KEY}</html>", {"x-key": KEY}),
        Raw(200, f"<html>{KEY}</html>"),
        Raw(200, drop=True),
    ],
)
def test_it_is_in_no_exception(key, failure):
    with (
        serve(lambda *_: failure) as server,
        asking(server.url, retries=1, concurrency=1) as asker,
        pytest.raises(ServerError) as stopped,
    ):
        judge("rows", FOUR, asker)
    shown = "".join(traceback.format_exception(stopped.value))
    assert KEY not in shown + repr(stopped.value)


def test_a_key_in_the_address_stays_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    FOUR.save("classes.csv")
    with serve() as server:
        address = server.url.replace("http://", f"http://user:{KEY}@")
        words = f"generate classes.csv --source llm --model m --base-url {address}".split()
        assert main(words) == 0
    for name, data in contents(tmp_path):
        assert KEY.encode() not in data, name
    assert KEY not in "".join(capsys.readouterr())


@pytest.mark.parametrize("key", ["x", "none", "EMPTY"])
def test_a_word_in_place_of_a_key_is_left_in_answers(monkeypatch, key):
    """Local servers ask for any key; taking it out of a reply would break the reply's JSON."""
    monkeypatch.setenv("OPENAI_API_KEY", key)
    answer = '{"index": 0, "text": "none", "kind": "EMPTY"}'
    assert Server().clean(answer) == answer
