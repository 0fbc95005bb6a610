"""Starting from weights that exist: another network's trunk or, with the same tree, all of it."""

from __future__ import annotations

from torch import Tensor

from taxonomy._core import shipped
from taxonomy._core.errors import SpecError
from taxonomy.design.spec import NetSpec
from taxonomy.nets.backbone import timm_features
from taxonomy.nets.hierarchical import HierarchicalNet, get_net, load_unpacked_state, unpacked_state


def start_from(net: HierarchicalNet, start: HierarchicalNet) -> int:
    """Copy into a network the parts it shares with another; return how many tensors were set.

    With the same specification and tree everything is copied. From the flat network that one path
    of the network is (`NetSpec.path`) every node gets a copy of its level's stage, and every leaf
    at the last level its head where the flat network has that class, so that the network at first
    answers what the flat one answers and its branches specialise from there. From any other network
    the stages of the trunk are copied, from the first on, as long as both have the same stage
    there; whatever lies behind the first difference has learned to read other maps.

    Args:
        net: the network to start; its other weights stay.
        start: a trained network, such as a flat one.

    Raises:
        SpecError: not even the first stage is the same.
    """
    source, target = unpacked_state(start), unpacked_state(net)
    if net.spec == start.spec and net.hierarchy == start.hierarchy:
        copied = source
    elif _is_path_of(start, net):
        copied = _copies_of_path(net, start)
    else:
        stages = common_stages(net.spec, start.spec)
        if not stages and net.spec.backbone is None:
            known = shipped.names("networks", ".safetensors")
            fit = [name for name in known if common_stages(net.spec, get_net(name).spec)]
            wanted = " or ".join([*fit, f"one whose trunk begins with {net.spec.trunk[0]}"])
            raise SpecError(
                "The network to start from has another first trunk stage (or other input); give "
                f"{wanted}."
            )
        behind = 1 if net.spec.backbone else 0
        names = tuple(f"trunk.{i}." for i in range(stages + behind))
        copied = {name: source[name] for name in target if name.startswith(names)}
    load_unpacked_state(net, {**target, **copied})
    return len(copied)


def _is_path_of(flat: HierarchicalNet, net: HierarchicalNet) -> bool:
    if not net.spec.levels or len(flat.hierarchy.nodes) > 1:
        return False
    try:
        return flat.spec == net.spec.path()
    except SpecError:
        return False


def _copies_of_path(net: HierarchicalNet, flat: HierarchicalNet) -> dict[str, Tensor]:
    """Return the flat network's weights under the names that the tree network has for them."""
    source, tree = unpacked_state(flat), net.hierarchy
    stages, last = len(net.trunk), len(net.spec.levels)
    theirs_of = dict(zip(flat.classes, flat.hierarchy.leaf_entries.tolist(), strict=True))
    heads = {
        entry: theirs_of[name]
        for name, entry in zip(net.classes, tree.leaf_entries.tolist(), strict=True)
        if name in theirs_of
    }
    copied = {}
    for name in unpacked_state(net):
        kind, _, rest = name.partition(".")
        entry, _, tensor = rest.partition(".")
        theirs = name
        if kind == "node":
            if not tensor.startswith("stage."):
                continue  # a gate, which the path has not
            stage = stages + int(tree.depth[int(entry)]) - 1
            theirs = f"trunk.{stage}.{tensor.removeprefix('stage.')}"
        elif kind == "leaf":
            if tree.depth[int(entry)] <= last or int(entry) not in heads:
                continue  # it reads another level's map than the path's heads do, or is new
            theirs = f"leaf.{heads[int(entry)]}.{tensor}"
        copied[name] = source[theirs]
    return copied


def common_stages(spec: NetSpec, other: NetSpec) -> int:
    """Return how many trunk stages, from the first on, two networks share.

    >>> common_stages(NetSpec.flat((8, 16, 32)), NetSpec.flat((8, 16, 24)))
    2
    """
    if (spec.channels, spec.resolution, spec.backbone) != (
        *(other.channels, other.resolution, other.backbone),
    ):
        return 0
    count = 0
    for mine, theirs in zip(spec.trunk, other.trunk, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def load_pretrained(net: HierarchicalNet) -> None:
    """Give a network's backbone timm's pretrained weights, which timm fetches or has cached.

    Raises:
        SpecError: the network has no backbone, or timm has no weights for it.
    """
    if net.spec.backbone is None:
        raise SpecError("The network has no backbone that pretrained weights could fill.")
    model = timm_features(net.spec.backbone.name, net.spec.backbone.stage, pretrained=True)
    net.trunk.get_submodule("0.model").load_state_dict(model.state_dict())
