"""``taxonomy recommend``: say which network, format and precision to take for some classes."""

from taxonomy._core import io
from taxonomy._core.errors import ExportError
from taxonomy.cli._arguments import CLASSES, NETWORK, Given, Parser, Words, say
from taxonomy.cli.extract import TARGETS

EXAMPLES = (
    "taxonomy recommend --classes cat,cow,dog,horse,pig",
    "taxonomy recommend --classes cat,dog,horse --max-kb 100 --min-accuracy 0.7 --target onnx",
    "taxonomy recommend runs/mine icons/flat-0.25x --classes c* --max-ms 0.5 --json",
)


def add_arguments(parser: Parser, _: Words) -> None:
    nets = f"{NETWORK} [the shipped ones of these classes]"
    parser.add_argument("nets", nargs="*", metavar="NET", help=nets)
    told = f"{CLASSES}; patterns such as c*; or a file of them"
    parser.add_argument("--classes", required=True, metavar="A,B", help=told)
    told = "largest model, in thousands of bytes"
    parser.add_argument("--max-kb", dest="max_bytes", type=float, metavar="X", help=told)
    told = "most multiply-accumulates of a picture, such as 5e6"
    parser.add_argument("--max-macs", type=float, metavar="X", help=told)
    told = "longest time of a picture on this machine; all choices are timed, in turns"
    parser.add_argument("--max-ms", type=float, metavar="X", help=told)
    told = "least share of validation pictures told right, such as 0.9"
    parser.add_argument("--min-accuracy", type=float, metavar="X", help=told)
    targets = parser.add_argument_group("what is looked at")
    told = "a format, and so for each [onnx and tflite, if installed]"
    targets.add_argument("--target", dest="targets", action="append", choices=TARGETS, help=told)
    told = "a precision, and so for each [both]"
    kinds = ("float", "int8")
    targets.add_argument(
        "--precision", dest="precisions", action="append", choices=kinds, help=told
    )
    told = "pictures that score and calibrate all networks: icons or a folder [their own]"
    targets.add_argument("--data", metavar="FOLDER", help=told)
    told = "time all choices, in turns, on one thread"
    targets.add_argument("--measure", action="store_true", help=told)
    told = "what makes a choice cheaper [bytes]"
    targets.add_argument("--by", default="bytes", choices=("bytes", "macs", "ms"), help=told)
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument("--json", action="store_true", help="print everything as JSON")
    printed.add_argument("--csv", action="store_true", help="print the table as CSV")


def run(given: Given) -> None:
    from taxonomy.export import recommend

    names = ("max_macs", "max_ms", "min_accuracy", "targets", "data", "measure", "by")
    options = {name: getattr(given, name) for name in names}
    if given.precisions:
        options["precisions"] = given.precisions
    most = None if given.max_bytes is None else 1e3 * given.max_bytes
    found = recommend(given.classes, given.nets or None, max_bytes=most, **options)
    if given.json:
        print(io.indented_json(found.to_dict()))
    elif given.csv:
        print(found.to_frame().to_csv(index=False), end="")
    else:
        say(given, found)
    if found.choice is None:
        raise ExportError(found.shortfall())
