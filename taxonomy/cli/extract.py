"""``taxonomy extract``: cut the expert of a few classes out of a trained network."""

from importlib import import_module
from typing import Any

from taxonomy._core.endings import NETWORKS, check_ending
from taxonomy._core.errors import ExportError
from taxonomy.cli._arguments import (
    CLASSES,
    NETWORK,
    TASKS,
    Given,
    Parser,
    Words,
    add_out,
    add_width,
)
from taxonomy.cli._options import add_options, choice, given_options

TARGETS = ("browser", "executorch", "onnx", "openvino", "safetensors", "tflite", "torch-export")
EXAMPLES = (
    "taxonomy extract icons/tree --classes cat,dog,horse --out pets.safetensors",
    "taxonomy extract icons/tree --classes cat,dog,horse --target onnx --out pets/",
    "taxonomy extract icons/tree --task kitchen",
    "taxonomy extract runs/widths --classes cat,dog,horse --width 0.5 --target onnx --out pets/",
    "taxonomy extract icons/tree --classes c* --target tflite --precision int8 --reject both -o c/",
    "taxonomy extract --target tflite --help  # the options of a target",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("net", help=NETWORK)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--classes", help=f"{CLASSES}; patterns such as c*; or a file of them")
    wanted.add_argument("--under", metavar="NODE", help="all classes below the node of this name")
    wanted.add_argument("--task", help="the id of a task in the list")
    parser.add_argument("--tasks", help=TASKS)
    add_width(parser)
    told = "write a bundle for a device into the folder --out, not one file for this toolkit"
    action: Any = parser.add_argument("--target", choices=TARGETS, help=told)
    action.owners = lambda option: import_module("taxonomy.export").TARGETS.having(option)
    told = "pictures that calibrate int8 and measure a bundle: icons or a folder [its own]"
    parser.add_argument("--data", dest="calibration", metavar="FOLDER", help=told)
    name = choice(argv, "--target", "")
    told = "how a bundle answers none of these: probability, energy, siblings or both"
    parser.add_argument("--reject", metavar="SCORE", help=told)
    add_out(parser, "the expert's file", default="expert" if name else "expert.safetensors")
    if name in TARGETS:
        from taxonomy import export

        add_options(parser, export.TARGETS.get(name), f"options of --target {name}")


def run(arguments: Given) -> None:
    from taxonomy.nets import chosen_classes, describe_expert, extract, get_net, save_net

    if not arguments.target:
        check_ending(arguments.out, NETWORKS)
        if arguments.reject is not None or arguments.calibration is not None:
            raise ExportError("`reject` and `calibration` are of a bundle; name its `target`, too.")
    net = get_net(arguments.net)
    named = {key: getattr(arguments, key) for key in ("classes", "under", "task", "tasks")}
    classes = chosen_classes(net, **named)
    if arguments.target:
        from taxonomy import export

        options = given_options(export.TARGETS.get(arguments.target), arguments)
        options |= {name: getattr(arguments, name) for name in ("width", "calibration", "reject")}
        to = (arguments.net, arguments.out, arguments.target)
        made = export.bundle(*to, classes=classes, **options)
        print(f"{made.to_text()}\nbundle written to {arguments.out}")
        return
    expert = extract(net, classes, width=arguments.width)
    save_net(arguments.out, expert)
    print(describe_expert(expert, net))
    print(f"expert written to {arguments.out} ({arguments.out.stat().st_size / 1e3:.0f} kB)")
    print(f"next: taxonomy evaluate {arguments.out} --data FOLDER")
