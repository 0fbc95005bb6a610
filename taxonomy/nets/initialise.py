"""Starting from weights that exist: another network's trunk or, with the same tree, all of it."""

from __future__ import annotations

from taxonomy.errors import SpecError
from taxonomy.nets.hierarchical import HierarchicalNet, load_unpacked_state, unpacked_state
from taxonomy.spec import NetSpec


def start_from(net: HierarchicalNet, other: HierarchicalNet) -> int:
    """Copy into a network what another has alike; return how many tensors were copied.

    The stages of the trunk are copied from the first on, as long as both have the same stage
    there; whatever lies behind the first difference has learned to read other maps. With the same
    specification and tree everything is copied.

    Args:
        net: the network to start; its other weights stay.
        other: a trained network, such as a flat one.

    Raises:
        SpecError: not even the first stage is alike.
    """
    source, target = unpacked_state(other), unpacked_state(net)
    if net.spec == other.spec and net.hierarchy == other.hierarchy:
        load_unpacked_state(net, source)
        return len(source)
    stages = alike_stages(net.spec, other.spec)
    if not stages:
        raise SpecError(
            "The network to start from has another first trunk stage (or other input); give one "
            f"whose trunk begins with {net.spec.trunk[0]}."
        )
    names = [f"trunk.{i}." for i in range(stages)]
    copied = [name for name in target if name.startswith(tuple(names))]
    load_unpacked_state(net, {**target, **{name: source[name] for name in copied}})
    return len(copied)


def alike_stages(one: NetSpec, other: NetSpec) -> int:
    """Return how many trunk stages, from the first on, two networks have alike.

    >>> alike_stages(NetSpec.flat((8, 16, 32)), NetSpec.flat((8, 16, 24)))
    2
    """
    if (one.channels, one.resolution) != (other.channels, other.resolution):
        return 0
    count = 0
    for mine, theirs in zip(one.trunk, other.trunk, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
