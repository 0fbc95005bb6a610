"""``taxonomy senses``: find the WordNet synset that each class name means."""

import json

from taxonomy._core.endings import TABLES
from taxonomy._senses import asked_model, find_senses, plan
from taxonomy.cli._arguments import DRY_RUN, LABELS, Given, Parser, Words, add_out, say
from taxonomy.cli._options import add_choice, add_options, from_options, given_options
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
    parser.add_argument("labels", help=LABELS)
    own = "LABEL=SYNSET, your own choice, such as mouse=mouse.n.04, which wins; repeatable"
    parser.add_argument("--choose", action="append", default=[], help=own)
    add_out(parser, "write the labels, with all wnids found", TABLES)
    parser.add_argument("--sure", action="store_true", help="write no wnid that is marked unsure")
    parser.add_argument("--all", action="store_true", help="show sure labels of large sets too")
    parser.add_argument("--json", action="store_true", help="print JSON with every alternative")
    parser.add_argument("--dry-run", action="store_true", help=DRY_RUN)
    add_options(parser, find_senses, "how they are found")
    add_choice(parser, argv, "--source", SOURCES, text="votes too, but for wordnet: ")
    title = "asking a language model (--model), or replaying its answers (--transcript)"
    add_options(parser, Senses, title, "llm", ("strategy", "ignore_wnids"))


def run(arguments: Given) -> None:
    labels, options = get_labels(arguments.labels), given_options(find_senses, arguments)
    every = options.get("ignore_wnids", False)
    model = asked_model(given_options(Senses, arguments), ignore_wnids=every)
    if arguments.dry_run:
        print(plan(labels, model))
        return
    found = find_senses(
        labels,
        choices=parse_choices(arguments.choose),
        source=from_options(SOURCES.get(arguments.source), arguments) if arguments.source else None,
        model=model,
        **options,
    )
    if arguments.json:
        print(json.dumps(found.rows(), indent=1, ensure_ascii=False))
    else:
        say(arguments, found.to_text(everything=arguments.all))
    if arguments.out:
        found.labels(sure=arguments.sure).save(arguments.out)
        if not arguments.json:
            print(f"labels with their wnids written to {arguments.out}")
