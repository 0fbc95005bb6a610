"""Progress without a terminal: no bar, a line where there is something to say."""

from __future__ import annotations

import logging

import pytest

from taxonomy._core.progress import log, track


@pytest.fixture
def info(caplog):
    caplog.set_level(logging.INFO, "taxonomy")
    return caplog


def test_a_log_file_gets_a_line_an_epoch_and_no_bar(info, capfd):
    with track("training", "pictures", 10_000) as bar:
        for epoch in range(3):
            for _ in range(500):
                bar.update()
            bar.line(f"epoch {epoch + 1} of 3")
    out, err = capfd.readouterr()
    assert "\r" not in out + err
    assert [record.getMessage() for record in info.records] == [
        f"training: epoch {n} of 3" for n in (1, 2, 3)
    ]


def test_long_work_says_now_and_then_how_far_it_is(info, monkeypatch):
    clock = iter(range(0, 1000, 5))  # five seconds pass at every look
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with track("decoding", "pictures", 100) as bar:
        for _ in range(10):
            bar.update(10)
    told = [record.getMessage() for record in info.records]
    assert len(told) == 3
    assert told[0] == "decoding: 30 of 100 pictures (30%), 2 a second, about 35 s left"


def test_quiet_work_says_nothing(info, capfd):
    log.setLevel(logging.ERROR)
    try:
        with track("training", "pictures", 10) as bar:
            bar.line("epoch 1 of 1")
    finally:
        log.setLevel(logging.NOTSET)
    assert info.records == []
    assert capfd.readouterr().err == ""
