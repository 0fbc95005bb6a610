"""`pack`: a network as one file for its trunk and small ones for its nodes and classes.

All experts of a network share its trunk bit for bit, and two of them every node that both need. So
a device keeps one *bank* and opens any classes in it; a class more is a few bytes.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ExportError, check_choice
from taxonomy._core.markup import in_markdown
from taxonomy._core.spelling import counted, with_width
from taxonomy.data import DataRequest, Pictures
from taxonomy.design.costs import cost
from taxonomy.export.checking import COMPARED, REPEATED, SAMPLES, answers, largest_gap, made_up
from taxonomy.export.figures import accuracy_of, parity_of
from taxonomy.export.given import Given, given_for, identity_of, licences_of
from taxonomy.export.lower import leaf_weights, lower_nodes
from taxonomy.export.pictures import predictions_of
from taxonomy.export.programs import bank_program
from taxonomy.export.to_onnx import written
from taxonomy.labels import LabelSet
from taxonomy.nets.experts import extract
from taxonomy.nets.hierarchical import HierarchicalNet, evaluating
from taxonomy.nets.widths import net_at

FORMAT = "taxonomy-bank"
MANIFEST = "bank.json"
PROGRAM = "bank.py"
SELF_TEST = "self-test.npz"

Precision = Literal["float", "int8"]
"""``float``: the bank's logits are the network's. ``int8``: a third of the bytes; the weights of
convolutions are whole numbers with a scale a channel, and everything is computed in floats."""

ALLOWED_LOSS, LEAST_AGREEMENT = 0.5, 0.95
"""Points of accuracy that int8 may lose, and the share of pictures it must answer as before."""


@dataclass(frozen=True)
class Bank:
    """A bank that was written.

    Args:
        path: its folder.
        manifest: the content of its ``bank.json``.
    """

    path: Path
    manifest: Mapping[str, io.Json]

    @property
    def classes(self) -> tuple[str, ...]:
        """The label ids that can be opened, in the order of the logits."""
        return tuple(label["id"] for label in self.manifest["labels"])

    def __str__(self) -> str:
        """Return the sizes, as `to_text` does; the manifest is long."""
        return self.to_text()

    def to_text(self) -> str:
        """Return how large the parts are, and so what a class more costs."""
        return sizes_table(self.manifest)


def pack(
    net: HierarchicalNet | Path | str,
    folder: Path | str,
    *,
    classes: Iterable[str] | None = None,
    width: float = 1.0,
    precision: Precision = "float",
    labels: LabelSet | Path | str | None = None,
    pictures: Pictures | None = None,
    calibration: Pictures | DataRequest | Path | str | None = None,
    licences: Mapping[str, str] | None = None,
) -> Bank:
    """Write a network as a bank, from which a device opens experts for any of its classes.

    The folder holds the trunk's ONNX model, one of every node, the weights of every class, and
    ``bank.py``, whose `ExpertBank` needs numpy and onnxruntime alone. The bank is run and compared
    with the network before the folder gets its name; it appears whole or not at all.

    Args:
        net: a network, an expert, a run's folder, a file, or a name such as ``icons/tree``.
        folder: where to.
        classes: those that the bank has; all where left out.
        width: share of the channels that is kept, one of those that the network was trained at.
        precision: one of `Precision`.
        labels: names and WordNet ids of the classes; a shipped network brings its own.
        pictures: of one split, with the network's classes among theirs, to compare on and to
            measure; a shipped network that is given by its name brings its validation pictures.
        calibration: a data set, or a folder of class folders, whose validation pictures are taken
            where no ``pictures`` are given.
        licences: texts for ``weights`` and ``data``; a shipped network brings its own.

    Raises:
        ExportError: the network has parts that are not exported, the bank answers something else
            or loses too much in int8, or int8 is asked for and nothing tells what it loses.
        DataError: pictures of one of the classes are missing.
        LabelError: a class is unknown, or given twice.
        SpecError: the network was not trained at that width.
        MissingExtraError: onnx or onnxruntime is not installed.
        WriteError: the folder holds something else than a bank, or cannot be written.

    >>> import tempfile
    >>> from taxonomy.nets import extract, get_net
    >>> pets = extract(get_net("icons/tree"), ["cat", "dog", "horse"])
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = pack(pets, f"{place}/packs")
    ...     sorted(file.name for file in made.path.iterdir())
    ['README.md', 'bank.json', 'bank.py', 'classes', 'nodes', 'self-test.npz', 'trunk.onnx']
    """
    check_choice("precision", precision, get_args(Precision), ExportError)
    whole = net_at(net, width)
    kept = whole if classes is None else extract(whole, classes)
    if whole.spec.channels != len(whole.preprocessing.channels):
        raise ExportError(
            f"The network reads {whole.spec.channels} channels, which no picture has."
        )
    rounded = precision == "int8"
    given = given_for(net, whole, kept, rounded, calibration, pictures, None)
    with evaluating(kept), io.atomic_folder(folder, MANIFEST) as place:
        manifest = {
            "format": FORMAT,
            "version": 1,
            "precision": precision,
            "runtime": "onnxruntime",
            "preprocessing": kept.preprocessing.to_dict(),
            **identity_of(kept, labels, kept.classes),
            "nodes": _write_nodes(place, kept, rounded),
            "licences": {**licences_of(kept), **(licences or {})},
            "cost": asdict(cost(kept.spec, kept.hierarchy)),
            "self_test": {"tolerance": REPEATED["float"]},
            "versions": io.versions("numpy", "torch", "onnx", "onnxruntime"),
        }
        _write_heads(place, kept, manifest)
        io.write_bytes(place / PROGRAM, bank_program())
        _measure(place, kept, given, rounded, manifest)
        io.write_text(place / "README.md", card(manifest))
    return Bank(Path(folder), manifest)


def head_bytes(weights: Float32Array) -> bytes:
    """Return numbers in three bytes each: floats rounded to 16 significant bits.

    The error is at most 2⁻¹⁷ of a number, so that a logit keeps four decimals and more.

    Args:
        weights: of a class, finite.

    >>> head_bytes(np.array([1.0, -2.5], dtype=np.float32)).hex(" ")
    '00 80 3f 00 20 c0'
    """
    bits = np.asarray(weights, dtype="<f4").view("<u4").astype(np.uint64)
    bits = bits + 127 + (bits >> 8 & 1)  # to the nearest, ties to even
    return bits.astype("<u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()


def _write_nodes(place: Path, net: HierarchicalNet, rounded: bool) -> list[io.Json]:
    """Write the model of every node, and return what each reads, parents first."""
    (place / "nodes").mkdir()
    tree = net.hierarchy
    numbers: dict[int, int] = {}
    described: list[io.Json] = []
    for number, (node, part) in enumerate(lower_nodes(net)):
        numbers[node] = number
        above = _above(node, tree.parent) if node else []
        reads = above if net.spec.nesting == "ancestors" else above[-1:]
        file = f"nodes/{number:04}.onnx" if node else "trunk.onnx"
        io.write_bytes(place / file, written(part, not node, "N", {}, rounded))
        described.append(
            {
                "entry": node,
                "parent": numbers[above[-1]] if node else -1,
                "reads": [numbers[entry] for entry in reads],
                "inputs": [port.name for port in part.inputs],
                "file": file,
            }
        )
    return described


def _above(node: int, parent: Any) -> list[int]:
    """Return the nodes above a node, the root first."""
    found = []
    while node:
        node = int(parent[node])
        found.append(node)
    return found[::-1]


def _write_heads(place: Path, net: HierarchicalNet, manifest: dict[str, io.Json]) -> None:
    """Write every class's weights, and note where they are and whose map they multiply."""
    (place / "classes").mkdir()
    numbers = {node["entry"]: number for number, node in enumerate(manifest["nodes"])}
    above = net.hierarchy.parent[net.hierarchy.leaf_entries].tolist()
    for number, (label, node, weights) in enumerate(
        zip(manifest["labels"], above, leaf_weights(net), strict=True)
    ):
        label |= {"node": numbers[node], "file": f"classes/{number:04}.bin"}
        io.write_bytes(place / label["file"], head_bytes(weights.astype(np.float32)))


def _measure(
    place: Path,
    net: HierarchicalNet,
    given: Given,
    rounded: bool,
    manifest: dict[str, io.Json],
) -> None:
    """Run the bank with its own program, compare it with the network, and finish the manifest.

    Raises:
        ExportError: it answers something else, or loses too much in int8.
    """
    manifest["files"] = dict(_files(place))
    io.write_json(place / MANIFEST, manifest)
    samples, part = made_up(net), given.part
    bank = runpy.run_path(str(place / PROGRAM))["ExpertBank"].open(place, net.classes)
    measured: dict[str, io.Json] = {}
    if rounded:
        logits = bank.logits(samples)
    else:
        logits = answers(net, samples)
        measured["largest_difference"] = largest_gap(bank.logits, net, samples, part)
        measured["compared_pictures"] = SAMPLES + (0 if part is None else min(COMPARED, len(part)))
    if part is not None:
        found = predictions_of(bank.logits, part)
        measured["accuracy"] = accuracy_of(found)
        if rounded:
            floats = predictions_of(lambda some: answers(net, some), part)
            measured["int8"] = parity_of(floats, found, ALLOWED_LOSS, LEAST_AGREEMENT)
    io.save_npz(place / SELF_TEST, {"pictures": samples, "logits": logits})
    manifest["files"] = dict(_files(place))
    manifest["measured"] = measured
    io.write_json(place / MANIFEST, manifest)


def _files(place: Path) -> Iterator[tuple[str, io.Json]]:
    """Yield the files of a bank but its manifest, by name, with bytes and digest."""
    for file in sorted(place.rglob("*")):
        if file.is_file() and file.name != MANIFEST:
            known = {"bytes": file.stat().st_size, "sha256": io.file_digest(file)}
            yield file.relative_to(place).as_posix(), known


def sizes_table(manifest: Mapping[str, io.Json]) -> str:
    """Return the bytes of a bank's parts as aligned text.

    Args:
        manifest: the content of its ``bank.json``.
    """
    size = {name: file["bytes"] for name, file in manifest["files"].items()}
    trunk, *nodes = (size[node["file"]] for node in manifest["nodes"])
    heads = [size[label["file"]] for label in manifest["labels"]]
    rows = [
        ("classes", f"{len(heads):,}"),
        ("nodes below the trunk", f"{len(nodes):,}"),
        ("bytes of the trunk", f"{trunk:,}"),
        ("bytes of a node, mean", f"{round(float(np.mean(nodes))) if nodes else 0:,}"),
        ("bytes of a class, mean", f"{round(float(np.mean(heads))):,}"),
        ("bytes of all of them", f"{trunk + sum(nodes) + sum(heads):,}"),
    ]
    if "accuracy" in manifest.get("measured", {}):
        rows.append(("accuracy", f"{manifest['measured']['accuracy']['top1']:.1%}"))
    left, right = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{name:{left}}  {value:>{right}}" for name, value in rows)


def card(manifest: Mapping[str, io.Json]) -> str:
    """Return a bank's card as Markdown: what a person reads.

    Args:
        manifest: the content of its ``bank.json``.
    """
    names = [in_markdown(label["id"]) for label in manifest["labels"]]
    source, licences, how = manifest["source"], manifest["licences"], manifest["preprocessing"]
    origin = (
        f"Made of `{source['name']}` (sha256 `{source['sha256']}`)"
        if source
        else "Made of a network in memory"
    )
    origin = with_width(origin, manifest["width"])
    exact = (
        "the weights are rounded to int8"
        if manifest["precision"] == "int8"
        else "any expert's outputs are that network's"
    )
    return (
        f"# A bank of {counted(len(names), 'class')}\n\n{', '.join(names)}\n\n"
        f"{origin}; {exact}.\n\n"
        "## Run it\n\n```\npip install numpy onnxruntime pillow\n"
        "python bank.py                            # self-test and latency on this device\n"
        "python bank.py --classes A,B picture.jpg  # which of the two it is\n"
        "python bank.py --classes A,B --files      # what a device needs for them\n```\n\n"
        "In Python, beside `bank.py`: `from bank import ExpertBank`; its methods say what they "
        "do.\n\n"
        f"## Sizes\n\n```text\n{sizes_table(manifest)}\n```\n\n{_told(manifest['measured'])}\n\n"
        f"## Input\n\nPictures are turned as their EXIF orientation says, put on white, scaled to "
        f"cover {how['resolution']} × {how['resolution']} pixels ({how['resampling']}) and cropped "
        "in the centre; the models take uint8 and normalise themselves. Whatever else is shown is "
        "called one of the open classes, too.\n\n"
        f"## Licences\n\n- weights: {licences['weights']}\n- training data: {licences['data']}\n"
    )


def _told(measured: Mapping[str, io.Json]) -> str:
    """Return what was measured, as sentences."""
    told = []
    if "largest_difference" in measured:
        told.append(
            f"The largest difference from the network's outputs was "
            f"{measured['largest_difference']:.1e} over {measured['compared_pictures']} pictures."
        )
    if "accuracy" in measured:
        known = measured["accuracy"]
        low, high = known["interval_95"]
        told.append(
            f"Accuracy is over {known['pictures']} pictures of these classes ({known['split']} "
            f"split), 95 % interval {low:.1%} to {high:.1%}."
        )
    if "int8" in measured:
        lost = measured["int8"]
        low, high = lost["interval_95"]
        told.append(
            f"Against floats it loses {lost['points_lost']:.1f} points on the same pictures, 95 % "
            f"interval {low:.1f} to {high:.1f}; {lost['agreement']:.1%} of the answers are the "
            "same."
        )
    return " ".join(told) or "Nothing was measured: no pictures were given."
