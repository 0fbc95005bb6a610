"""Experts: networks for a few classes, cut out of a trained one with no retraining and no data."""

from __future__ import annotations

from collections.abc import Iterable

from taxonomy.design import cost
from taxonomy.nets.hierarchical import HierarchicalNet, load_unpacked_state, unpacked_state


def extract(net: HierarchicalNet, classes: Iterable[str]) -> HierarchicalNet:
    """Return the expert of the given classes, in evaluation mode; the network stays as it is.

    The trunk, the nodes on the classes' paths and their heads are copied; everything else is left
    behind. In evaluation mode the expert's logits equal the network's for these classes, up to
    rounding.

    Args:
        net: a trained network, or an expert of one.
        classes: label ids, at least one; their order does not matter.

    Raises:
        LabelError: no class, an unknown one, or one given twice.
    """
    hierarchy, origin = net.hierarchy.restrict_with_origin(classes)
    expert = HierarchicalNet(net.spec, hierarchy)
    parameter = next(net.parameters())
    expert.to(device=parameter.device, dtype=parameter.dtype)
    whole = unpacked_state(net)
    state = {}
    for name in unpacked_state(expert):
        kind, _, rest = name.partition(".")
        if kind == "trunk":
            state[name] = whole[name]
        else:
            entry, _, tensor = rest.partition(".")
            state[name] = whole[f"{kind}.{origin[int(entry)]}.{tensor}"]
    load_unpacked_state(expert, state)
    expert.source = net.source
    return expert.eval()


def describe_expert(expert: HierarchicalNet, net: HierarchicalNet) -> str:
    """Return in words which classes an expert knows, and what it costs beside the whole network."""
    part, whole = (cost(n.spec, n.hierarchy) for n in (expert, net))
    known = ", ".join(expert.classes)
    return (
        f"expert for {len(expert.classes)} of {len(net.classes)} classes: {known}\n"
        f"{part.macs / 1e6:.2f} of {whole.macs / 1e6:.2f} million MACs, "
        f"{part.params / 1e3:.0f} of {whole.params / 1e3:.0f} thousand parameters"
    )
