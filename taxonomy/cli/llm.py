"""``taxonomy llm``: batches and transcripts of a language model's answers."""

from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.endings import REQUESTS, TABLES, TRANSCRIPTS
from taxonomy._core.registry import owners
from taxonomy.cli._arguments import LABELS, Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, choice, given_options
from taxonomy.labels import get_labels
from taxonomy.llm import actions
from taxonomy.studies.transcripts import asking_by_strategy, asking_class, compare_transcripts

EXAMPLES = (
    "taxonomy llm export icons --model gpt-4o-mini --out requests.jsonl",
    "taxonomy llm import icons --model gpt-4o-mini --results results.jsonl",
    "taxonomy llm submit icons --model gpt-4o-mini --price 0.15,0.60 --max-usd 2 --yes",
    "taxonomy llm transcript icons --model gpt-4o-mini --out icons.jsonl.xz",
    "taxonomy llm diff icons/llm-rows icons.jsonl.xz",
)
ACTIONS = {
    "export": "Write outstanding requests as an OpenAI Batch file.",
    "import": "Take results of a Batch file, whole or partial.",
    "submit": "Submit outstanding requests to the Batch API, at half the price.",
    "collect": "Fetch the results of submitted batches.",
    "transcript": "Write requests and answers as a transcript to replay.",
    "diff": "Say where two transcripts disagree, and whether their trees do.",
}

FILES = ("out", "note", "results", "requests")


def add_arguments(parser: Parser, argv: Words) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in ACTIONS.items():
        action = below.add_parser(name, help=text, description=text, allow_abbrev=False)
        if name == "diff":
            action.add_argument("a", help="a transcript, a file or a shipped one (icons/llm-rows)")
            action.add_argument("b", help="another one by the same strategy")
            action.add_argument("--most", type=int, default=10, help="rows shown [10]")
            add_out(action, "write all differences", TABLES)
            continue
        action.add_argument("labels", help=LABELS)
        if name == "import":
            action.add_argument("--results", type=Path, required=True, help="a Batch output file")
            action.add_argument("--requests", type=Path, help="the Batch input, if not ours")
        if name == "export":
            add_out(action, "the file to write", REQUESTS, "requests.jsonl")
        if name == "transcript":
            add_out(action, "the file to write", TRANSCRIPTS, "transcript.jsonl.xz")
            action.add_argument("--note", default="", help="what a reader has to know")
        known = asking_by_strategy()
        by: Any = action.add_argument("--strategy", choices=[*known], default="rows", help="[rows]")
        by.owners = owners(known)
        if (strategy := choice(argv, "--strategy", "rows")) in known:
            add_options(action, known[strategy], f"options of {strategy}", "model", ("strategy",))


def run(given: Given) -> None:
    if given.action == "diff":
        found = compare_transcripts(given.a, given.b)
        print(found.to_text(given.most))
        if given.out and (table := found.differences) is not None:
            io.write_text(given.out, table.to_csv(index=False))
            print(f"differences written to {given.out}")
        return
    cls: Any = asking_class(name := given.strategy)
    about = cls(strategy=name, **given_options(cls, given)), get_labels(given.labels)
    own = {key: value for key, value in vars(given).items() if key in FILES}
    print(actions.DONE[given.action](*about, **own))
