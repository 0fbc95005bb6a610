"""Experts: networks for a few classes, cut out of a trained one with no retraining and no data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from taxonomy._core.arrays import IntArray
from taxonomy._core.spelling import counted, with_width
from taxonomy.design import cost
from taxonomy.nets.hierarchical import (
    HierarchicalNet,
    get_net,
    is_of_a_norm,
    load_unpacked_state,
    unpacked_state,
)
from taxonomy.nets.widths import check_trained_at, narrowed
from taxonomy.tasks import tasks_for
from taxonomy.trees.choosing import below, choose


def extract(
    net: HierarchicalNet | Path | str, classes: Iterable[str], *, width: float = 1.0
) -> HierarchicalNet:
    """Return the expert of the given classes, in evaluation mode; the network stays as it is.

    The trunk, the nodes on the classes' paths and their heads are copied; everything else is left
    behind. In evaluation mode the expert's logits equal the network's for these classes, up to
    rounding; at a smaller width, those of the network at that width.

    Args:
        net: a trained network, an expert, a run's folder, a file, or a name such as ``icons/tree``.
        classes: label ids, at least one; their order does not matter.
        width: share of the channels that is kept, one of those that the network was trained at.
            At 1 the expert can be cut to the others later.

    Raises:
        LabelError: no class, an unknown one, or one given twice.
        FileFormatError: there is no such network, or it is damaged.
        SpecError: the network was not trained at that width.
    """
    net = get_net(net)
    check_trained_at(net, width)
    hierarchy, origin = net.hierarchy.restrict_with_origin(classes)
    expert = HierarchicalNet(net.spec, hierarchy)
    parameter = next(net.parameters())
    expert.to(device=parameter.device, dtype=parameter.dtype)
    whole = unpacked_state(net)
    names = {name: _name_before(name, origin) for name in unpacked_state(expert)}
    load_unpacked_state(expert, {name: whole[before] for name, before in names.items()})
    expert.narrower = {
        each: {name: norms[names[name]] for name in names if is_of_a_norm(name)}
        for each, norms in net.narrower.items()
    }
    expert.source, expert.width = net.source, net.width
    return expert.eval() if width == 1 else narrowed(expert, width)


def _name_before(name: str, origin: IntArray) -> str:
    """Return what a tensor of an expert is called in the network that it is cut from."""
    kind, _, rest = name.partition(".")
    if kind == "trunk":
        return name
    entry, _, tensor = rest.partition(".")
    return f"{kind}.{origin[int(entry)]}.{tensor}"


def chosen_classes(
    net: HierarchicalNet,
    classes: str | Iterable[str] | None = None,
    *,
    under: str | None = None,
    task: str | None = None,
    tasks: Path | str | None = None,
) -> tuple[str, ...]:
    """Return the classes that are asked for in one of three ways, sorted.

    Args:
        net: that knows them.
        classes: names, patterns or a file of them, as `taxonomy.trees.choosing.choose` takes them.
        under: the name of a node, whose classes are meant.
        task: the id of a task, whose classes are meant.
        tasks: the list that holds the task; the shipped one of these classes where left out.

    Raises:
        LabelError: a class is unknown, or none of the three is given.
        HierarchyError: no node has the name, or several.
        RegistryError: the list has no such task.

    >>> from taxonomy.nets import get_net
    >>> chosen_classes(get_net("icons/tree"), "cat,hors*")
    ('cat', 'horse')
    """
    if task:
        return tuple(sorted(tasks_for(net.classes, tasks)[task].classes))
    if under:
        return below(net.hierarchy, under)
    return choose(net.hierarchy, classes or ())


def describe_expert(expert: HierarchicalNet, net: HierarchicalNet) -> str:
    """Return in words which classes an expert knows, and what it costs beside the whole network."""
    part, whole = (cost(n.spec, n.hierarchy) for n in (expert, net))
    known = ", ".join(expert.classes)
    many = f"{len(expert.classes)} of {counted(len(net.classes), 'class')}"
    return (
        f"expert for {with_width(many, expert.width)}: {known}\n"
        f"{part.macs / 1e6:.2f} of {whole.macs / 1e6:.2f} million MACs, "
        f"{part.params / 1e3:.0f} of {whole.params / 1e3:.0f} thousand parameters"
    )
