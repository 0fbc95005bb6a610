"""The question before many requests, at a terminal."""

from __future__ import annotations

import io

import pytest

from taxonomy.cli import main
from taxonomy.labels import LabelSet
from tests.support.server import serve


@pytest.mark.parametrize(("reply", "sent"), [("y\n", 201), ("\n", 0), ("", 0)])
def test_at_a_terminal_it_asks_before_201_requests(tmp_path, monkeypatch, reply, sent):
    terminal, shown = io.StringIO(reply), io.StringIO()
    terminal.isatty = shown.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.chdir(tmp_path)
    LabelSet(f"c{i:03}" for i in range(201)).save("classes.csv")
    with serve() as server:
        words = ["generate", "classes.csv", "--source", "llm", "--model", "m"]
        assert main([*words, "--base-url", server.url, "--levels", ""]) == (0 if sent else 2)
        assert len(server.bodies) == sent
    assert "201 requests to send" in shown.getvalue()
    assert "Send them? [y/N]" in shown.getvalue()
    assert (tmp_path / "taxonomy-llm.sqlite").exists() == bool(sent)
    assert ("so far 201 requests, price unknown" in shown.getvalue()) == bool(sent)


def test_without_a_terminal_nobody_agrees(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    LabelSet(f"c{i:03}" for i in range(201)).save("classes.csv")
    assert main(["generate", "classes.csv", "--source", "llm", "--model", "m"]) == 2
    assert "they were not sent: 201 requests to send" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["localhost:8080/v1", "127.0.0.1", "ftp://x/v1", "v1"])
def test_an_address_without_its_beginning_is_refused_at_once(
    tmp_path, monkeypatch, capsys, address
):
    """Not tried five times with growing waits."""
    monkeypatch.chdir(tmp_path)
    LabelSet(["ant", "bee", "car"]).save("classes.csv")
    monkeypatch.setattr("taxonomy.llm.server.Server.wait", lambda *_: pytest.fail("it waits"))
    words = ["generate", "classes.csv", "--source", "llm", "--model", "m", "--base-url", address]
    assert main(words) == 2
    assert f"--base-url is '{address}'; an address begins with http://" in capsys.readouterr().err
