"""A network with its predictions on one split, however it is named: a run, a file, or shipped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from taxonomy._core.errors import DataError
from taxonomy._core.spelling import with_width
from taxonomy.data import DATASETS, DataRequest
from taxonomy.design.spec import NetSpec
from taxonomy.nets import HierarchicalNet, get_net
from taxonomy.nets.widths import net_at
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.training.distribution import check_device
from taxonomy.training.features import class_features
from taxonomy.training.run import Run
from taxonomy.training.scoring import predictions_on
from taxonomy.training.start import chosen_device, run_data
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class Scored:
    """A network's shape and its predictions on one split.

    Args:
        spec: its shape.
        hierarchy: its tree.
        predictions: its logits.
        width: the share of its channels that is meant, of a network of several widths.
    """

    spec: NetSpec
    hierarchy: Hierarchy
    predictions: Predictions
    width: float = 1.0


def scored(
    network: Path | str,
    split: str = "val",
    data: DataRequest | Path | str | None = None,
    device: str = "auto",
    width: float = 1.0,
) -> Scored:
    """Return a run with its stored predictions, or a network with those that it makes of pictures.

    Args:
        network: a run's folder, a network's file, or a shipped name such as ``icons/tree``.
        split: ``val`` or ``test``; the test split is for final tables.
        data: the pictures that a network's file is scored on; a run has stored predictions, and a
            shipped network is scored on the data set that it was trained on.
        device: where logits are computed: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the fastest
            one that is there.
        width: share of the channels that is kept, one of those that it was trained at.

    Raises:
        DataError: nothing says which pictures a network is to be scored on.
        FileFormatError: there is no such run or network.
        SpecError: the network was not trained at that width.
        TrainingError: there is no such device.
    """
    if Path(network).is_dir():
        run = Run(Path(network))
        stored = run.predictions(split, width)
        return Scored(run.spec.narrowed(width), run.hierarchy, stored, width)
    net = _on_device(net_at(network, width), device)
    request = data if isinstance(data, DataRequest) else DataRequest(str(data or ""))
    if not request.data:
        request = DataRequest(_own_data(network))
    part = replace(request, classes=net.classes).pictures(net.spec.resolution).part(split)
    return Scored(net.spec, net.hierarchy, predictions_on(net, part), width)


def scored_by_name(
    networks: Iterable[str],
    split: str = "val",
    data: DataRequest | None = None,
    device: str = "auto",
) -> dict[str, Scored]:
    """Return several networks with their predictions, by the last part of their names.

    One that was trained at several widths is there once for each, the widest first, such as ``x``
    and ``x at width 0.5``.

    Raises:
        DataError: two of them have one name; and as `scored`.
    """
    found: dict[str, Scored] = {}
    for network in networks:
        for width in trained_widths(network):
            name = with_width(Path(network).name, width)
            if name in found:
                raise DataError(f"Two networks are called {name!r}; rename one.")
            found[name] = scored(network, split, data, device, width)
    return found


def trained_widths(network: Path | str) -> tuple[float, ...]:
    """Return the shares of its channels that a network was trained at, the widest first.

    Args:
        network: a run's folder, a network's file, or a shipped name such as ``icons/tree``.

    Raises:
        FileFormatError: there is no such run or network.
    """
    if Path(network).is_dir():
        return Run(Path(network)).widths
    return get_net(network).widths


def _own_data(network: Path | str) -> str:
    """Return the data set that a shipped network was trained on, which its name begins with."""
    name = str(network).partition("/")[0]
    if name not in DATASETS.names():
        raise DataError(
            f"{network}: which pictures is it to be scored on? Name them as `data`, such as a "
            "folder of class folders."
        )
    return name


def run_features(
    folder: Path | str,
    split: str = "val",
    data: DataRequest | None = None,
    device: str = "auto",
) -> ClassFeatures:
    """Compute the class features of a run's network on its own pictures.

    Args:
        folder: of a finished run.
        split: ``val`` or ``train``; never the pictures that are tested on.
        data: the run's pictures, where it does not say itself where they are.
        device: as `scored` takes it.

    Raises:
        DataError: the pictures are not those that the run was trained on.
        FileFormatError: the folder holds no finished run.
    """
    run = Run(Path(folder))
    request = run_data(run.path) if "data" in run.manifest["inputs"] else data
    if request is None:
        raise DataError(
            f"{run.path}: does not say where its pictures are; name them as `data`, with the "
            "options that they were read with."
        )
    pictures, _ = request.matched(run.hierarchy, run.spec.resolution)
    if pictures.digest != run.manifest["data"]:
        raise DataError(
            f"{run.path}: was trained on other pictures than {request.data!r} holds now; name its "
            "pictures as `data`, with the options that they were read with."
        )
    return class_features(_on_device(run.net(), device), pictures.part(split))


def _on_device(net: HierarchicalNet, device: str) -> HierarchicalNet:
    chosen = chosen_device(device)
    check_device(chosen)
    return net.to(chosen)
