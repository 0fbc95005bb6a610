"""``taxonomy senses``: find the WordNet synset that each class name means."""

import json
from pathlib import Path
from typing import Any

from taxonomy._core.errors import LabelError
from taxonomy._senses import find_senses
from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.cli._ask import asked_at_terminal
from taxonomy.cli._options import add_options, choice, from_options, given_options
from taxonomy.cli._parsers import with_flags
from taxonomy.labels import get_labels
from taxonomy.llm.sensing import Senses
from taxonomy.similarity import SOURCES
from taxonomy.wordnet.senses import parse_choices

EXAMPLES = (
    "taxonomy senses cifar-100 --ignore-wnids",
    "taxonomy senses labels.txt --choose mouse=mouse.n.04 --out labels.csv",
    "taxonomy senses labels.txt --source embedding --json",
    "taxonomy senses labels.txt --model gpt-4o-mini --price 0.15,0.60 --max-usd 1",
    "taxonomy senses icons --ignore-wnids --transcript icons/llm-senses",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("labels", help=texts.LABELS)
    own = "LABEL=SYNSET, your own choice, such as mouse=mouse.n.04, which wins; repeatable"
    parser.add_argument("--choose", action="append", default=[], help=own)
    parser.add_argument("--out", type=Path, help="write the labels as CSV, with all wnids found")
    parser.add_argument("--sure", action="store_true", help="write no wnid that is marked unsure")
    others = ", ".join(name for name in SOURCES if name != "wordnet")
    parser.add_argument("--source", help=f"a similarity source that votes too: {others}")
    parser.add_argument("--all", action="store_true", help="show sure labels of large sets too")
    parser.add_argument("--json", action="store_true", help="print JSON with every alternative")
    parser.add_argument("--dry-run", action="store_true", help=texts.DRY_RUN)
    add_options(parser, find_senses, "how they are found")
    if source := choice(argv, "--source", ""):
        add_options(parser, SOURCES.get(source), f"options of --source {source}", "source")
    title = "asking a language model (--model), or replaying its answers (--transcript)"
    add_options(parser, Senses, title, "llm", ("strategy", "ignore_wnids"))
    parser.set_defaults(parser=parser)


@asked_at_terminal
def run(arguments: Given) -> None:
    labels, model = get_labels(arguments.labels), _model(arguments)
    if arguments.dry_run:
        if model is None:
            raise LabelError("A dry run is of what asks a language model; name one (`model`).")
        print(model.plan(labels))
        return
    found = find_senses(
        labels,
        choices=parse_choices(arguments.choose),
        source=from_options(SOURCES.get(arguments.source), arguments) if arguments.source else None,
        model=model,
        **given_options(find_senses, arguments),
    )
    if arguments.json:
        print(json.dumps(found.rows(), indent=1, ensure_ascii=False))
    else:
        print(with_flags(found.to_text(everything=arguments.all), arguments.parser))
    if arguments.out:
        found.labels(sure=arguments.sure).save(arguments.out)
        if not arguments.json:
            print(f"labels with their wnids written to {arguments.out}")


def _model(arguments: Given) -> Any:
    """Return the language model that is asked, or None.

    Raises:
        LabelError: options of a language model without one.
    """
    given = given_options(Senses, arguments)
    every = given_options(find_senses, arguments).get("ignore_wnids", False)
    if given.get("model") or given.get("transcript"):
        return Senses(**given, ignore_wnids=every)
    if useless := sorted(given):
        raise LabelError(
            f"`{useless[0]}` is for asking a language model; name one (`model`), or a transcript "
            "to replay (`transcript=icons/llm-senses`)."
        )
    return None
