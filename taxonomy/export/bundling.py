"""`bundle`: write an expert for a device, verified before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from taxonomy._core import io, shipped
from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import DataError, ExportError, FileFormatError
from taxonomy._core.folders import SPLITS
from taxonomy._core.registry import Registry
from taxonomy.data import Pictures, get_data
from taxonomy.design.costs import cost
from taxonomy.export.card import card, figures_table
from taxonomy.export.figures import accuracy_of, latency_of
from taxonomy.labels import LabelSet, get_labels
from taxonomy.nets.experts import extract
from taxonomy.nets.hierarchical import HierarchicalNet, Source, evaluating, get_net, weights_digest
from taxonomy.nets.inputs import to_input
from taxonomy.predictions import Predictions
from taxonomy.training.run import Run, is_finished
from taxonomy.trees.content import content_of

Bytes = npt.NDArray[np.uint8]

FORMAT = "taxonomy-bundle"
MANIFEST = "bundle.json"
TOLERANCE = 1e-4
"""How far logits may be from the network's, times the largest one where that is over 1."""

SAMPLES, COMPARED = 8, 64
"""Pictures made up for the self-test, and at most so many real ones compared too."""


class Target(Protocol):
    """A format that networks are exported to: a frozen dataclass of options."""

    @property
    def file(self) -> str:
        """Name of the model's file."""
        ...

    @property
    def runtime(self) -> str:
        """The package that runs it."""
        ...

    @property
    def threads(self) -> int:
        """How many threads `runner` uses."""
        ...

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the model's file."""
        ...

    def runner(self, file: Path) -> Callable[[Bytes], Float32Array]:
        """Return what gives a model file's logits for pictures (n, 3, side, side)."""
        ...

    def describe(self, net: HierarchicalNet) -> dict[str, Any]:
        """Return what the model reads and makes."""
        ...

    def others(self, net: HierarchicalNet) -> dict[str, bytes]:
        """Return further files, by name."""
        ...


TARGETS: Registry[Target] = Registry(
    "target",
    {
        "onnx": "taxonomy.export.to_onnx:ONNX",
        "safetensors": "taxonomy.export.to_safetensors:Safetensors",
    },
)
"""All targets by name."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written.

    Args:
        path: its folder.
        manifest: the content of its ``bundle.json``.

    Raises:
        FileFormatError: the folder holds no bundle.
    """

    path: Path
    manifest: Mapping[str, io.Json]

    @classmethod
    def load(cls, path: Path | str) -> Bundle:
        """Read the manifest of a bundle's folder.

        Raises:
            FileFormatError: the folder holds no bundle.
        """
        manifest = io.read_json(Path(path) / MANIFEST)
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise FileFormatError(f"{path}: holds no bundle; make one: taxonomy extract.")
        return cls(Path(path), manifest)

    @property
    def classes(self) -> tuple[str, ...]:
        """The label ids, in the order of the logits."""
        return tuple(label["id"] for label in self.manifest["labels"])

    def to_text(self) -> str:
        """Return the table of what the expert costs beside the network that it was cut from."""
        return figures_table(self.manifest)


def bundle(
    net: HierarchicalNet | Path | str,
    folder: Path | str,
    target: Target | str = "onnx",
    *,
    classes: Iterable[str] | None = None,
    labels: LabelSet | Path | str | None = None,
    pictures: Pictures | None = None,
    predictions: Predictions | None = None,
    licences: Mapping[str, str] | None = None,
    **options: Any,
) -> Bundle:
    """Write an expert as a folder that a device can run and a person can judge.

    The model is run and compared with the network before the folder gets its name; it appears
    whole or not at all, and an earlier bundle there is replaced.

    Args:
        net: a network, an expert, a run's folder, a file, or a name such as ``icons/tree``.
        folder: where to.
        target: a registered target, or one with options.
        classes: of the expert to cut out first; all where left out.
        labels: names and WordNet ids of the classes; a shipped network brings its own.
        pictures: of one split, with the network's classes among theirs: the model's accuracy is
            measured on them, and a few are compared. A shipped network that is given by its name
            brings its validation pictures.
        predictions: stored ones of the network, of which the accuracy is read instead; a run's
            folder brings those of its validation split.
        licences: texts for ``weights`` and ``data``; a shipped network brings its own.
        options: of the target, such as ``input="float"``.

    Raises:
        ExportError: the network has parts that are not exported, the written model answers
            something else than the network, or an option has a useless value.
        LabelError: a class is unknown, or given twice.
        RegistryError: there is no such target or option.
        MissingExtraError: the target's package is not installed.
        WriteError: the folder holds something else than a bundle, or cannot be written.

    >>> import tempfile
    >>> from taxonomy.nets import extract, get_net
    >>> pets = extract(get_net("icons/tree"), ["cat", "dog", "horse"])
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = bundle(pets, f"{place}/pets", target="safetensors")
    ...     made.classes, sorted(file.name for file in made.path.iterdir())
    (('cat', 'dog', 'horse'), ['README.md', 'bundle.json', 'config.json', 'labels.txt', \
'model.safetensors', 'self-test.npz'])
    """
    to = TARGETS.resolve(target, options)
    if pictures is None and predictions is None:
        pictures, predictions = _own(net)
    whole = get_net(net)
    expert = whole if classes is None else extract(whole, classes)
    if whole.spec.channels != len(whole.preprocessing.channels):
        raise ExportError(
            f"The network reads {whole.spec.channels} channels, which no picture has."
        )
    part = None if pictures is None else _of_classes(pictures, expert.classes)
    with evaluating(expert), io.atomic_folder(folder, MANIFEST) as place:
        samples, logits = _self_test(expert)
        model = to.model(expert)
        others = {
            to.file: model,
            "labels.txt": "".join(f"{name}\n" for name in expert.classes).encode(),
            **to.others(expert),
        }
        for name, content in others.items():
            io.write_bytes(place / name, content)
        io.save_npz(place / "self-test.npz", {"pictures": samples, "logits": logits})
        run = to.runner(place / to.file)
        measured: dict[str, io.Json] = {
            "largest_difference": _compared(run, expert, samples, part),
            "compared_pictures": SAMPLES + (0 if part is None else min(COMPARED, len(part))),
            "latency": latency_of(run, samples, to.runtime, to.threads),
        }
        if part is not None:
            found = run(_colours(part.images[:]))
            split = SPLITS[int(part.splits[0])]
            predictions = Predictions(expert.classes, found, part.targets, split, part.groups)
        if predictions is not None:
            measured["accuracy"] = accuracy_of(predictions.restrict(expert.classes))
        manifest = {
            "format": FORMAT,
            "version": 1,
            "target": TARGETS.name_of(to),
            "options": asdict(to),  # type: ignore[call-overload]
            "runtime": to.runtime,
            "model": to.file,
            **to.describe(expert),
            "preprocessing": expert.preprocessing.to_dict(),
            **_identity(expert, labels),
            "licences": {**_licences(expert), **(licences or {})},
            "cost": asdict(cost(expert.spec, expert.hierarchy)) | {"bytes": len(model)},
            "measured": measured,
            "versions": io.versions("numpy", "torch", "onnx", "onnxruntime"),
            "files": {file.name: io.file_digest(file) for file in sorted(place.iterdir())},
        }
        io.write_text(place / "README.md", card(manifest))
        io.write_json(place / MANIFEST, manifest)
    return Bundle(Path(folder), manifest)


def _own(net: HierarchicalNet | Path | str) -> tuple[Pictures | None, Predictions | None]:
    """Return what a network's name brings: a shipped one's pictures, a run's predictions."""
    if isinstance(net, HierarchicalNet):
        return None, None
    if shipped.find(str(net), "networks", ".safetensors"):
        return get_data(str(net).partition("/")[0]).part("val"), None
    run = Path(net)
    return None, Run(run).predictions("val") if is_finished(run) else None


def _self_test(net: HierarchicalNet) -> tuple[Bytes, Float32Array]:
    """Return made-up pictures, always the same, and the network's logits for them.

    Patches of random colours on white, which show edges of all directions; and noise.
    """
    rng, side = np.random.default_rng(0), net.spec.resolution
    pictures = np.full((SAMPLES, 3, side, side), 255, dtype=np.uint8)
    for number, picture in enumerate(pictures):
        for _ in range(6):
            top, left = rng.integers(0, side, 2)
            height, width = rng.integers(1, side + 1, 2)
            colour = rng.integers(0, 256, (3, 1, 1), dtype=np.uint8)
            picture[:, top : top + height, left : left + width] = colour
        if number % 4 == 3:
            picture[:] = rng.integers(0, 256, picture.shape, dtype=np.uint8)
    return pictures, _answers(net, pictures)


@torch.no_grad()
def _answers(net: HierarchicalNet, pictures: Bytes) -> Float32Array:
    parameter = next(net.parameters())
    given = to_input(torch.from_numpy(pictures).to(parameter.device)).to(parameter.dtype)
    logits: Float32Array = net(given).float().cpu().numpy()
    return logits


def _compared(
    run: Callable[[Bytes], Float32Array],
    net: HierarchicalNet,
    samples: Bytes,
    part: Pictures | None,
) -> float:
    """Return the largest difference between the written model's logits and the network's.

    Raises:
        ExportError: it is larger than rounding.
    """
    pictures = [samples]
    if part is not None:
        pictures.append(_colours(part.images[:COMPARED]))
    largest = 0.0
    for some in pictures:
        wanted, found = _answers(net, some), run(some)
        gap = float(np.abs(found - wanted).max())
        allowed = TOLERANCE * max(1.0, float(np.abs(wanted).max()))
        if not gap <= allowed:  # NaN is no rounding either
            raise ExportError(
                f"The written model's logits differ from the network's by {gap:.1e}, more than "
                f"{allowed:.1e}; nothing was kept. Please report it, with the specification."
            )
        largest = max(largest, gap)
    return largest


def _of_classes(pictures: Pictures, classes: tuple[str, ...]) -> Pictures:
    """Return the pictures of the classes.

    Raises:
        DataError: there are none of one of them.
    """
    if missing := sorted(set(classes) - set(pictures.classes)):
        raise DataError(f"The `pictures` are not of the class {missing[0]!r}.")
    if len(np.unique(pictures.splits)) > 1:
        raise DataError('The `pictures` are of several splits; give one, such as .part("val").')
    return pictures.restrict(classes)


def _colours(images: Any) -> Bytes:
    """Return pictures without transparency: on white, rounded to bytes."""
    given = np.asarray(images)
    if given.shape[1] == 3:
        return np.ascontiguousarray(given)
    opaque = given[:, 3:].astype(np.float32) / 255
    shown = given[:, :3] * opaque + 255 * (1 - opaque)
    return shown.round().astype(np.uint8)


def _identity(net: HierarchicalNet, labels: LabelSet | Path | str | None) -> dict[str, io.Json]:
    """Return what an expert tells apart, and what it was cut from."""
    source = net.source
    labels = labels or _shipped_set(source) or None
    known = None if labels is None else get_labels(labels)
    held = {} if known is None else {label.id: label for label in known}
    described = []
    for name in net.classes:
        entry = {"id": name}
        if name in held:
            entry |= {"name": held[name].name}
            entry |= {"wnid": held[name].wnid} if held[name].wnid else {}
        described.append(entry)
    return {
        "labels": described,
        "tree": content_of(net.hierarchy),
        "weights": weights_digest(net),
        "source": None if source is None else asdict(source),
    }


def _shipped_set(source: Source | None) -> str:
    """Return the label set of a shipped network, wherever its file lies; empty for others."""
    digests = {digest: name for name, digest in shipped.index().items()}
    return digests.get(source.sha256, "").partition("/")[0] if source else ""


def _licences(net: HierarchicalNet) -> dict[str, str]:
    if not _shipped_set(net.source):
        return {"weights": "not stated", "data": "not stated"}
    return {
        "weights": "MIT, taxonomy-experts",
        "data": "icons of many open sets, each under its own licence: NOTICE of taxonomy-experts",
    }
