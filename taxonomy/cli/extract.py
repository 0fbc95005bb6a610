"""``taxonomy extract``: cut the expert of a few classes out of a trained network."""

from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.labels import class_names

EXAMPLES = (
    "taxonomy extract icons/tree --classes cat,dog,horse --out pets.safetensors",
    "taxonomy extract icons/tree --task kitchen",
)


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("net", help=texts.NETWORK)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--classes", help=texts.CLASSES)
    wanted.add_argument("--task", help="the id of a task in the list")
    parser.add_argument("--tasks", help=texts.TASKS)
    add_out(parser, "expert.safetensors", "the expert's file")


def run(arguments: Given) -> None:
    from taxonomy.design import cost
    from taxonomy.nets import extract, get_net, save_net
    from taxonomy.tasks import tasks_for

    net = get_net(arguments.net)
    if arguments.task:
        classes = tasks_for(net.classes, arguments.tasks)[arguments.task].classes
    else:
        classes = tuple(class_names(arguments.classes))
    expert = extract(net, classes)
    save_net(arguments.out, expert)
    whole, part = (cost(n.spec, n.hierarchy) for n in (net, expert))
    print(f"expert for {len(classes)} of {len(net.classes)} classes: {', '.join(expert.classes)}")
    print(
        f"{part.macs / 1e6:.2f} of {whole.macs / 1e6:.2f} million MACs, "
        f"{part.params / 1e3:.0f} of {whole.params / 1e3:.0f} thousand parameters"
    )
    size = arguments.out.stat().st_size / 1e3
    print(f"expert written to {arguments.out} ({size:.0f} kB)")
    print(f"next: taxonomy evaluate {arguments.out} --data FOLDER")
