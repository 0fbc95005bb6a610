"""What is done with requests and answers beside asking: each says in words what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.spelling import counted
from taxonomy.labels import LabelSet
from taxonomy.llm import batch
from taxonomy.llm.asking import Asking


def export_to(asking: Asking[Any], labels: LabelSet, out: Path | str) -> str:
    """Write outstanding requests as an OpenAI Batch file; no file where there are none.

    Args:
        asking: the source or builder that asks.
        labels: the classes asked about.
        out: the file.
    """
    plan = asking.plan(labels)
    if not (requests := batch.export_requests(asking, labels)):
        return f"{plan}\nnothing is outstanding; no file written"
    io.write_text(out, requests)
    following = "next, with the same options: taxonomy llm import LABELS --results FILE"
    return f"{plan}\nrequests written to {out}; {following}"


def import_from(
    asking: Asking[Any], labels: LabelSet, results: Path | str, requests: Path | str | None = None
) -> str:
    """Take results of a Batch file, whole or partial.

    Args:
        asking: the source or builder that asked.
        labels: the classes asked about.
        results: a Batch output file.
        requests: the Batch input file, where `export_to` did not write it.
    """
    asked = io.read_text(requests) if requests else ""
    answers = io.read_text(results)
    counts = batch.import_results(asking, labels, answers, asked, str(requests))
    return f"{_counted(counts) or 'no results'}\n{asking.plan(labels)}"


def submit(asking: Asking[Any], labels: LabelSet) -> str:
    """Submit outstanding requests to the Batch API, at half the price."""
    number = batch.submit_requests(asking, labels)
    return f"batch {number} started; fetch its results later: taxonomy llm collect"


def collect(asking: Asking[Any], labels: LabelSet) -> str:
    """Fetch the results of submitted batches."""
    lines = [
        f"batch {number}: {status}{f'; {_counted(counts)}' if counts else ''}"
        for number, status, counts in batch.collect_results(asking)
    ]
    return "\n".join([*lines, str(asking.plan(labels))]) if lines else "no batch is under way"


def transcript_to(asking: Asking[Any], labels: LabelSet, out: Path | str, note: str = "") -> str:
    """Write requests and answers as a transcript to replay.

    Args:
        asking: the source or builder that asked.
        labels: the classes asked about.
        out: the file.
        note: what a reader has to know.
    """
    transcript, unanswered = asking.record(labels, note)
    transcript.save(out)
    left = counted(unanswered, "question is", "questions are")
    left = f"{left} not answered yet\n" if unanswered else ""
    return (
        f"{counted(len(transcript.records), 'answer')} written to {out}\n{left}"
        f"replay: taxonomy {asking.command} --transcript {out}"
    )


DONE: dict[str, Callable[..., str]] = {
    "export": export_to,
    "import": import_from,
    "submit": submit,
    "collect": collect,
    "transcript": transcript_to,
}
"""What is done, by its name."""


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
