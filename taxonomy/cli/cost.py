"""``taxonomy cost``: explain what an expert costs, node by node, without cutting it out."""

from taxonomy.cli._arguments import CLASSES, NETWORK, TASKS, Given, Parser, Words, add_width

EXAMPLES = (
    "taxonomy cost icons/tree --classes cat,dog,horse",
    "taxonomy cost icons/tree --classes cat,dog,bus --suggest",
    "taxonomy cost icons/tree --task kitchen",
    "taxonomy cost runs/widths --classes cat,dog,horse --width 0.5",
)


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("net", help=NETWORK)
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument("--classes", help=f"{CLASSES}; patterns such as c*; or a file of them")
    wanted.add_argument("--under", metavar="NODE", help="all classes below the node of this name")
    wanted.add_argument("--task", help="the id of a task in the list")
    parser.add_argument("--tasks", help=TASKS)
    add_width(parser)
    told = "name classes that could join almost for free, and those that make it dear"
    parser.add_argument("--suggest", action="store_true", help=told)


def run(arguments: Given) -> None:
    from taxonomy.design import cost, explain_cost
    from taxonomy.export.sizes import foretold
    from taxonomy.nets import chosen_classes, get_net
    from taxonomy.nets.widths import check_trained_at

    net = get_net(arguments.net)
    named = {key: getattr(arguments, key) for key in ("classes", "under", "task", "tasks")}
    asked = any(value is not None for key, value in named.items() if key != "tasks")
    classes = chosen_classes(net, **named) if asked else net.classes
    check_trained_at(net, arguments.width)
    found = explain_cost(net.spec, net.hierarchy, classes, width=arguments.width)
    whole = cost(net.spec, net.hierarchy)
    print(found)
    print(f"of the whole network's {whole.params:,} parameters and {whole.macs:,} MACs")
    if not net.spec.backbone:  # a pretrained one is not exported
        print("bytes of its file, foretold:")
        spec, tree = net.spec.narrowed(arguments.width), net.hierarchy.restrict(classes)
        for target, sizes in foretold(spec, tree).items():
            told = ", ".join(f"{size:,} in {precision}" for precision, size in sizes.items())
            print(f"  {target:12}  {told}")
    if arguments.suggest:
        print(found.suggestions())
