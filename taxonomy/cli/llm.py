"""``taxonomy llm``: batches and transcripts of a language model's answers."""

from collections import Counter
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.cli._ask import asked_at_terminal
from taxonomy.cli._options import add_options, choice, from_options
from taxonomy.labels import LabelSet, get_labels
from taxonomy.llm import batch
from taxonomy.study.transcripts import asking_by_strategy, asking_class, compare_transcripts

EXAMPLES = (
    "taxonomy llm export icons --model gpt-4o-mini --out requests.jsonl",
    "taxonomy llm import icons --model gpt-4o-mini --results results.jsonl",
    "taxonomy llm submit icons --model gpt-4o-mini --price 0.15,0.60 --max-usd 2 --yes",
    "taxonomy llm transcript icons --model gpt-4o-mini --out icons.jsonl.xz",
    "taxonomy llm diff icons/llm-rows icons.jsonl.xz",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (text, act) in ACTIONS.items():
        below = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        below.set_defaults(act=act)
        if name == "diff":
            below.add_argument("a", help="a transcript, a file or a shipped one (icons/llm-rows)")
            below.add_argument("b", help="another one by the same strategy")
            below.add_argument("--most", type=int, default=10, help="rows shown [10]")
            below.add_argument("--out", type=Path, help="write all differences as CSV")
            continue
        below.add_argument("labels", help=texts.LABELS)
        if name == "import":
            below.add_argument("--results", type=Path, required=True, help="a Batch output file")
            below.add_argument("--requests", type=Path, help="the Batch input, if not ours")
        if name in ("export", "transcript"):
            below.add_argument("--out", type=Path, required=True, help="the file to write")
        if name == "transcript":
            below.add_argument("--note", default="", help="what a reader has to know")
        known = asking_by_strategy()
        below.add_argument("--strategy", choices=list(known), default="rows", help="[rows]")
        if (strategy := choice(argv, "--strategy", "rows")) in known:
            add_options(below, known[strategy], f"options of {strategy}", "model", ("strategy",))


@asked_at_terminal
def run(arguments: Given) -> None:
    arguments.act(arguments)


def _asking(arguments: Given) -> tuple[Any, LabelSet]:
    """Return what asks, and the classes."""
    return from_options(asking_class(arguments.strategy), arguments), get_labels(arguments.labels)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def _export(arguments: Given) -> None:
    asking, labels = _asking(arguments)
    print(asking.plan(labels))
    if requests := batch.export_requests(asking, labels):
        io.write_text(arguments.out, requests)
        print(f"requests written to {arguments.out}; next: taxonomy llm import --results FILE")
    else:
        print("nothing is outstanding; no file written")


def _import(arguments: Given) -> None:
    asking, labels = _asking(arguments)
    requests = io.read_text(arguments.requests) if arguments.requests else ""
    results = io.read_text(arguments.results)
    counts = batch.import_results(asking, labels, results, requests, str(arguments.requests))
    print(f"{_counted(counts) or 'no results'}\n{asking.plan(labels)}")


def _submit(arguments: Given) -> None:
    number = batch.submit_requests(*_asking(arguments))
    print(f"batch {number} started; fetch its results later: taxonomy llm collect")


def _collect(arguments: Given) -> None:
    asking, labels = _asking(arguments)
    report = batch.collect_results(asking)
    for number, status, counts in report:
        print(f"batch {number}: {status}{f'; {_counted(counts)}' if counts else ''}")
    print(asking.plan(labels) if report else "no batch is under way")


def _transcript(arguments: Given) -> None:
    asking, labels = _asking(arguments)
    transcript, unanswered = asking.record(labels, arguments.note)
    transcript.save(arguments.out)
    print(f"{len(transcript.records)} answers written to {arguments.out}")
    if unanswered:
        print(f"{unanswered} questions are not answered yet")
    print(f"replay: taxonomy {asking.command} --transcript {arguments.out}")


def _diff(arguments: Given) -> None:
    found = compare_transcripts(arguments.a, arguments.b)
    print(found.to_text(arguments.most))
    if arguments.out and (table := found.differences) is not None:
        io.write_text(arguments.out, table.to_csv(index=False))
        print(f"differences written to {arguments.out}")


ACTIONS = {
    "export": ("Write outstanding requests as an OpenAI Batch file.", _export),
    "import": ("Take results of a Batch file, whole or partial.", _import),
    "submit": ("Submit outstanding requests to the Batch API, at half the price.", _submit),
    "collect": ("Fetch the results of submitted batches.", _collect),
    "transcript": ("Write requests and answers as a transcript to replay.", _transcript),
    "diff": ("Say where two transcripts disagree, and whether their trees do.", _diff),
}
