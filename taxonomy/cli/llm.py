"""The command ``llm``: batches, transcripts and what changed between two of them."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taxonomy._core import io
from taxonomy._core.errors import IncompleteError, LLMError
from taxonomy.builders import BUILDERS, get_builder
from taxonomy.cli._command import Command, chosen
from taxonomy.cli._flags import add_flags, from_flags
from taxonomy.cli.trees import LABELS_HELP
from taxonomy.labels import LabelSet, get_labels, shipped_names
from taxonomy.llm import Asker
from taxonomy.llm.sensing import Senses
from taxonomy.similarity import SOURCES

if TYPE_CHECKING:
    from taxonomy.trees.hierarchy import Hierarchy
    from taxonomy.wordnet.opinions import Opinion

TREES = ("groups", "assign")
"""Strategies that end in a tree; the others end in a similarity."""


def asking(strategy: str) -> type[Any]:
    """Return the dataclass that asks by a strategy.

    The tree builder, the similarity source, or the one who says what names mean.
    """
    if strategy == "senses":
        return Senses
    return BUILDERS.get("llm") if strategy in TREES else SOURCES.get("llm")


def _flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (text, run) in ACTIONS.items():
        below = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        below.set_defaults(act=run)
        if name == "diff":
            below.add_argument("a", help="a transcript, a file or a shipped one (icons/llm-rows)")
            below.add_argument("b", help="another one by the same strategy")
            below.add_argument("--most", type=int, default=10, help="rows shown [10]")
            below.add_argument("--out", type=Path, help="write all differences as CSV")
            continue
        below.add_argument("labels", help=LABELS_HELP.format(", ".join(shipped_names())))
        if name == "import":
            below.add_argument("--results", type=Path, required=True, help="a Batch output file")
            below.add_argument(
                "--requests",
                type=Path,
                help="the Batch input file, where its custom ids are not those of llm export",
            )
        if name in ("export", "transcript"):
            below.add_argument("--out", type=Path, required=True, help="the file to write")
        if name == "transcript":
            below.add_argument("--note", default="", help="what a reader has to know")
        if list(argv[:2]) == ["llm", name]:
            strategy = chosen(argv, "--strategy", "rows")
            add_flags(below, asking(strategy), f"how was and is asked ({strategy})")


def _run(arguments: argparse.Namespace) -> None:
    arguments.act(arguments)


def _settings(arguments: argparse.Namespace) -> tuple[Any, LabelSet]:
    """Return what asks, and the classes."""
    cls = asking(getattr(arguments, "strategy", "rows"))
    return from_flags(cls, arguments), get_labels(arguments.labels)


def _outstanding(settings: Any, labels: LabelSet, asker: Asker) -> None:
    """Find what is outstanding: the asker notes it."""
    with suppress(IncompleteError):
        settings.ask(labels, asker)


def _export(arguments: argparse.Namespace) -> None:
    from taxonomy.llm.batch import export

    settings, labels = _settings(arguments)
    with settings.asker(send=False) as asker:
        _outstanding(settings, labels, asker)
        text = export(asker.outstanding.values(), settings.client(asker.store))
    print(settings.plan(labels))
    if not text:
        print("nothing is outstanding; no file written")
        return
    io.write_text(arguments.out, text)
    print(f"requests written to {arguments.out}; afterwards: taxonomy llm import --results FILE")


def _import(arguments: argparse.Namespace) -> None:
    from taxonomy.llm.batch import keys_of, take

    settings, labels = _settings(arguments)
    results = io.read_text(arguments.results)
    with settings.asker(send=False) as asker:
        _outstanding(settings, labels, asker)
        keys = None
        if arguments.requests:
            for question in asker.outstanding.values():
                asker.store.remember(question)
            keys = keys_of(
                io.read_text(arguments.requests),
                asker.outstanding.values(),
                str(arguments.requests),
            )
        counts = take(results, asker.store, keys)
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "no results")
    print(settings.plan(labels))


def _submit(arguments: argparse.Namespace) -> None:
    from taxonomy.llm.batch import submit
    from taxonomy.llm.settings import confirm

    settings, labels = _settings(arguments)
    confirm(settings, lambda asker: settings.ask(labels, asker))
    with settings.asker(send=False) as asker:
        _outstanding(settings, labels, asker)
        batch = submit(list(asker.outstanding.values()), settings.client(asker.store))
    print(f"batch {batch} started; fetch its results later: taxonomy llm collect")


def _collect(arguments: argparse.Namespace) -> None:
    from taxonomy.llm.batch import collect

    settings, labels = _settings(arguments)
    with settings.asker(send=False, keep=False) as asker:
        report = collect(settings.client(asker.store))
    for batch, status, counts in report:
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        print(f"batch {batch}: {status}{f'; {told}' if told else ''}")
    print(settings.plan(labels) if report else "no batch is under way")


def _transcript(arguments: argparse.Namespace) -> None:
    from taxonomy.llm.transcript import Transcript

    settings, labels = _settings(arguments)
    with settings.asker(send=False, keep=False) as asker:
        _outstanding(settings, labels, asker)
        told = Transcript.of_store(
            asker.store,
            settings.shown(labels),
            asker.model,
            asker.context,
            asker.parameters,
            asker.used,
            arguments.note,
        )
    told.save(arguments.out)
    print(f"{len(told.records)} answers written to {arguments.out}")
    if asker.outstanding:
        print(f"{len(asker.outstanding)} questions are not answered yet")
    strategy = getattr(arguments, "strategy", "rows")
    if strategy == "senses":
        anew = " --anew" if settings.anew else ""
        print(f"replay: taxonomy senses …{anew} --transcript {arguments.out}")
        return
    kind = "--builder llm" if strategy in TREES else "--source llm"
    print(f"replay: taxonomy generate … {kind} --strategy {strategy} --transcript {arguments.out}")


def _diff(arguments: argparse.Namespace) -> None:
    from taxonomy.comparison import compare, moved
    from taxonomy.llm.transcript import Transcript

    names = (arguments.a, arguments.b)
    told = [Transcript.load(name) for name in names]
    strategies = {one.strategy for one in told}
    if len(strategies) > 1:
        raise LLMError(
            f"{names[0]} answers {told[0].strategy} and {names[1]} {told[1].strategy}; compare "
            "transcripts of one strategy, or their trees: taxonomy compare."
        )
    shared = sorted(set(told[0].labels.ids) & set(told[1].labels.ids))
    if len(shared) < 2:
        raise LLMError(f"{names[0]} and {names[1]} share {len(shared)} classes.")
    print(f"{len(shared)} classes; a: {told[0].model}, b: {told[1].model}")
    if strategies == {"senses"}:
        _meanings(arguments, [one.labels.restrict(shared) for one in told])
        return
    trees = _trees(arguments, [one.labels.restrict(shared) for one in told], strategies.pop())
    print(compare({"a": trees[0], "b": trees[1]}).round(3).set_index(["a", "b"]).T.to_string())
    print("classes whose neighbours in the tree moved farthest:")
    a, b = trees
    for row in moved(a, b).head(arguments.most).itertuples():
        print(f"  {row.label}: near {', '.join(row.near_a)}; then {', '.join(row.near_b)}")


def _meanings(arguments: argparse.Namespace, labels: Sequence[LabelSet]) -> None:
    """Print which names the two models take to mean different things."""
    from taxonomy.wordnet import NounGraph

    graph = NounGraph.load()
    a, b = (
        Senses(transcript=name)(some)
        for name, some in zip((arguments.a, arguments.b), labels, strict=True)
    )

    def says(opinion: Opinion) -> str:
        return graph.name(graph.index(opinion.wnid)) if opinion.wnid else "none"

    both = sorted(a.keys() & b.keys())
    moved = [(one, says(a[one]), says(b[one])) for one in both if says(a[one]) != says(b[one])]
    print(f"{len(moved)} of {len(both)} names mean something else:")
    for one, first, then in moved[: arguments.most]:
        print(f"  {one}: {first}, then {then}")
    if arguments.out:
        lines = StringIO()
        csv.writer(lines, lineterminator="\n").writerows([("label", "a", "b"), *moved])
        io.write_text(arguments.out, lines.getvalue())


def _trees(
    arguments: argparse.Namespace, labels: Sequence[LabelSet], strategy: str
) -> list[Hierarchy]:
    """Return both trees; print where the scores moved, if the strategy has any."""
    from taxonomy.comparison.similarities import disagreement

    strategy, digit = strategy.removesuffix("-digit"), strategy.endswith("-digit")
    settings = [
        replace(asking(strategy)(transcript=name), strategy=strategy)
        for name in (arguments.a, arguments.b)
    ]
    if strategy in TREES:
        return [one(some) for one, some in zip(settings, labels, strict=True)]
    scores = [
        replace(one, expected=digit, missing="fill")(some)
        for one, some in zip(settings, labels, strict=True)
    ]
    found = disagreement(*scores)
    print(f"mean difference {found.difference:.4f}, correlation {found.correlation:.4f}")
    print("pairs that moved farthest:")
    for row in found.pairs.head(arguments.most).itertuples():
        print(f"  {row.one} – {row.other}: {row.a:.3f}, then {row.b:.3f}")
    print("classes that moved farthest:")
    for row in found.classes.head(arguments.most).itertuples():
        print(f"  {row.label}: {row.difference:.4f} on average")
    if arguments.out:
        io.write_text(arguments.out, found.pairs.to_csv(index=False))
        print(f"pairs written to {arguments.out}")
    cluster = get_builder("cluster")
    return [cluster(some, one) for some, one in zip(labels, scores, strict=True)]


ACTIONS = {
    "export": ("Write outstanding requests as an OpenAI Batch file.", _export),
    "import": ("Take results of a Batch file, whole or partial.", _import),
    "submit": ("Submit outstanding requests to the Batch API, at half the price.", _submit),
    "collect": ("Fetch the results of submitted batches.", _collect),
    "transcript": ("Write requests and answers as a transcript to replay.", _transcript),
    "diff": ("Say where two transcripts disagree, and whether their trees do.", _diff),
}

COMMANDS = (
    Command(
        "llm",
        "Batches and transcripts of a language model's answers.",
        (
            "taxonomy llm export icons --model gpt-4o-mini --out requests.jsonl",
            "taxonomy llm import icons --model gpt-4o-mini --results results.jsonl",
            "taxonomy llm submit icons --model gpt-4o-mini --price 0.15,0.60 --max-usd 2 --yes",
            "taxonomy llm collect icons --model gpt-4o-mini",
            "taxonomy llm transcript icons --model gpt-4o-mini --out icons.jsonl.xz",
            "taxonomy llm diff icons/llm-rows icons.jsonl.xz",
            "taxonomy llm export --help   (shows the options of export)",
        ),
        _flags,
        _run,
    ),
)
"""What this module adds to the command."""
