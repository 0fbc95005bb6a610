"""`bundle`: write an expert for a device, verified before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from taxonomy._core import io, shipped
from taxonomy._core.arrays import Float32Array
from taxonomy._core.checked import check_path
from taxonomy._core.decoding import decode
from taxonomy._core.errors import DataError, ExportError, FileFormatError, told
from taxonomy._core.folders import SPLITS
from taxonomy._core.registry import Registry
from taxonomy._core.spelling import counted
from taxonomy.data import DataRequest, Pictures, get_data
from taxonomy.design.costs import cost
from taxonomy.evaluation.rejection import Rejecting
from taxonomy.export.answering import answers_of
from taxonomy.export.beside import masked_beside
from taxonomy.export.card import Figures, card, figures_table, names_kept
from taxonomy.export.checking import COMPARED, REPEATED, SAMPLES, answers, largest_gap, made_up
from taxonomy.export.figures import accuracy_of, latency_of, parity_of
from taxonomy.export.pictures import (
    calibrating,
    colours,
    described,
    of_classes,
    predictions_of,
    read,
)
from taxonomy.export.rejecting import outputs_of, rejecting, shown
from taxonomy.export.target import Bytes, Quantizing, Target
from taxonomy.labels import LabelSet, check_classes, get_labels
from taxonomy.nets.experts import extract
from taxonomy.nets.hierarchical import HierarchicalNet, Source, evaluating, get_net, weights_digest
from taxonomy.predictions import Predictions
from taxonomy.training.run import Run, is_finished
from taxonomy.training.start import run_data
from taxonomy.trees.content import content_of

FORMAT = "taxonomy-bundle"
MANIFEST = "bundle.json"


TARGETS: Registry[Target] = Registry(
    "target",
    {
        "onnx": "taxonomy.export.to_onnx:ONNX",
        "safetensors": "taxonomy.export.to_safetensors:Safetensors",
        "tflite": "taxonomy.export.to_tflite:TFLite",
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
            FileFormatError: the folder holds no bundle, or its manifest is damaged.
        """
        where = Path(path) / MANIFEST
        manifest = io.read_json(where)
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise FileFormatError(told(where, "describes no bundle; make one: taxonomy extract."))
        decode(Figures, manifest, where, closed=False, checked=True)
        return cls(Path(path), manifest)

    @property
    def classes(self) -> tuple[str, ...]:
        """The label ids that it answers, in the order of their logits."""
        return tuple(names_kept(self.manifest))

    def __str__(self) -> str:
        """Return what the expert costs, as `to_text` does; the manifest is long."""
        return self.to_text()

    def to_text(self) -> str:
        """Return the classes, and what the expert costs beside the network that it was cut from."""
        whole = self.manifest["source"]
        many = counted(whole["classes"] if whole else len(self.classes), "class")
        part = f"{len(self.classes)} of " if whole else ""
        known = f"expert for {part}{many}: {', '.join(self.classes)}"
        return f"{known}\n{figures_table(self.manifest)}"


def bundle(
    net: HierarchicalNet | Path | str,
    folder: Path | str,
    target: Target | str = "onnx",
    *,
    classes: Iterable[str] | None = None,
    labels: LabelSet | Path | str | None = None,
    pictures: Pictures | None = None,
    predictions: Predictions | None = None,
    calibration: Pictures | DataRequest | Path | str | None = None,
    licences: Mapping[str, str] | None = None,
    reject: Rejecting | None = None,
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
        calibration: a data set, or a folder of class folders. Training pictures of it calibrate an
            int8 model, those of the expert's classes alone; where no ``pictures`` are given, its
            validation pictures are. A shipped network brings its own, and so does a run that says
            where they are.
        licences: texts for ``weights`` and ``data``; a shipped network brings its own.
        reject: how ``run.py`` tells that a picture is of none of these classes, one of
            `taxonomy.evaluation.Rejecting`: a threshold that accepts 95 % of the validation
            pictures of the classes. ``siblings`` and ``both`` keep the outputs of the classes
            beside them, which cost next to nothing.
        options: of the target, such as ``input="float"`` or ``precision="int8"``.

    Raises:
        ExportError: the network has parts that are not exported, the written model answers
            something else than the network, loses more in int8 than is allowed, an option has a
            useless value, or the folder's name is that of a file.
        DataError: pictures of one of the classes are missing.
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
    check_path(folder, "the bundle's folder", ExportError)
    to = TARGETS.resolve(target, options)
    if Path(folder).suffix == Path(to.file).suffix:
        raise ExportError(f"{folder}: a bundle is a folder, in which {to.file} lies; name one.")
    smaller = to if isinstance(to, Quantizing) and to.precision == "int8" else None
    whole = get_net(net)
    kept = whole.classes if classes is None else check_classes(classes, whole.classes)
    outputs = outputs_of(whole, kept, reject)
    expert = whole if len(outputs) == len(whole.classes) else extract(whole, outputs)
    if whole.spec.channels != len(whole.preprocessing.channels):
        raise ExportError(
            f"The network reads {whole.spec.channels} channels, which no picture has."
        )
    given = _pictures_of(net, whole, expert, smaller, calibration, pictures, predictions)
    with evaluating(expert), io.atomic_folder(folder, MANIFEST) as place:
        samples = made_up(expert)
        model = _write_model(place / to.file, to, smaller, expert, samples, given, kept)
        refused = {}
        if reject:
            answers = shown(model.run, outputs, given.pictures, given.predictions)
            found, told = rejecting(answers, whole, kept, reject)
            refused = {"reject": {**found.to_dict(), "measured": told}}
        others = {
            "labels.txt": "".join(f"{name}\n" for name in expert.classes).encode(),
            **to.others(expert),
        }
        for name, content in others.items():
            io.write_bytes(place / name, content)
        io.save_npz(place / "self-test.npz", {"pictures": samples, "logits": model.logits})
        manifest = {
            "format": FORMAT,
            "version": 1,
            "target": TARGETS.name_of(to),
            "options": asdict(to),  # type: ignore[call-overload]
            "runtime": to.runtime,
            "model": to.file,
            **to.describe(expert),
            "preprocessing": expert.preprocessing.to_dict(),
            **_identity(expert, labels, kept),
            **refused,
            "licences": {**_licences(expert), **(licences or {})},
            "cost": asdict(cost(expert.spec, expert.hierarchy)) | {"bytes": model.bytes},
            "measured": model.measured,
            **model.calibrated,
            "self_test": {"tolerance": REPEATED["int8" if smaller else "float"]},
            "versions": io.versions("numpy", "torch", "onnx", to.runtime),
            "files": {file.name: io.file_digest(file) for file in sorted(place.iterdir())},
        }
        io.write_text(place / "README.md", card(manifest))
        io.write_json(place / MANIFEST, manifest)
    return Bundle(Path(folder), manifest)


@dataclass(frozen=True)
class _Given:
    """What a bundle is measured and calibrated on, and the shipped network's name, if it is one."""

    shipped: str
    data: Pictures | None
    pictures: Pictures | None
    part: Pictures | None
    predictions: Predictions | None


def _pictures_of(
    net: HierarchicalNet | Path | str,
    whole: HierarchicalNet,
    expert: HierarchicalNet,
    smaller: Quantizing | None,
    calibration: Pictures | DataRequest | Path | str | None,
    pictures: Pictures | None,
    predictions: Predictions | None,
) -> _Given:
    """Return the calibrating data set, the pictures to measure on, and stored predictions.

    Raises:
        ExportError: int8 is asked for, and no pictures tell what it loses.
        DataError: pictures of one of the classes are missing.
    """
    data = None
    if smaller or calibration is not None:
        data = read(_data_of(net, whole) if calibration is None else calibration, expert)
    if pictures is None and predictions is None:
        if data is not None and SPLITS.index("val") in data.splits:
            pictures = data.part("val")
        else:
            pictures, predictions = _own(net)
    if smaller and pictures is None:
        raise ExportError(
            "What int8 loses is measured on validation pictures, and there are none; give them as "
            "`pictures`, or a data set with a validation split as `calibration`."
        )
    part = None if pictures is None else of_classes(pictures, expert)
    name = "" if isinstance(net, HierarchicalNet) else str(net)
    name = name if shipped.find(name, "networks", ".safetensors") else ""
    return _Given(name, data, pictures, part, predictions)


@dataclass(frozen=True)
class _Model:
    """A model that was written, and what was measured of it."""

    bytes: int
    run: Callable[[Bytes], Float32Array]
    logits: Float32Array
    measured: dict[str, io.Json]
    calibrated: dict[str, io.Json]


def _write_model(
    file: Path,
    to: Target,
    smaller: Quantizing | None,
    expert: HierarchicalNet,
    samples: Bytes,
    given: _Given,
    kept: tuple[str, ...],
) -> _Model:
    """Write the model, compared with the network first, and in int8 if that is asked for.

    Raises:
        ExportError: it answers something else, or loses more in int8 than is allowed.
    """
    model, part, predictions = to.model(expert), given.part, given.predictions
    io.write_bytes(file, model)
    run = to.runner(file)
    measured: dict[str, io.Json] = {
        "largest_difference": largest_gap(run, expert, samples, part),
        "compared_pictures": SAMPLES + (0 if part is None else min(COMPARED, len(part))),
    }
    calibrated: dict[str, io.Json] = {}
    logits = answers(expert, samples)
    predictions = predictions if part is None else predictions_of(run, part)
    if smaller and given.data is not None and part is not None and predictions is not None:
        chosen = calibrating(given.data, expert)
        calibrated = {"calibration": described(chosen)}
        measured["bytes_in_floats"] = len(model)
        model = smaller.quantized(expert, model, colours(chosen.images))
        io.write_bytes(file, model)
        run = to.runner(file)
        logits, floats = run(samples), predictions
        predictions = predictions_of(run, part)
        measured["int8"] = parity_of(
            floats.restrict(kept),
            predictions.restrict(kept),
            smaller.allowed_loss,
            smaller.least_agreement,
        )
    measured["latency"] = latency_of(run, samples, to.runtime, to.threads)
    if predictions is not None:
        measured["accuracy"] = accuracy_of(predictions.restrict(kept))
    if given.shipped and part is not None:
        own = answers_of(expert, part).restrict(kept)
        measured["beside"] = masked_beside(given.shipped, to, kept, part, own)
    return _Model(len(model), run, logits, measured, calibrated)


def _own(net: HierarchicalNet | Path | str) -> tuple[Pictures | None, Predictions | None]:
    """Return what a network's name brings: a shipped one's pictures, a run's predictions."""
    if isinstance(net, HierarchicalNet):
        return None, None
    if shipped.find(str(net), "networks", ".safetensors"):
        return get_data(str(net).partition("/")[0]).part("val"), None
    run = Path(net)
    return None, Run(run).predictions("val") if is_finished(run) else None


def _data_of(net: HierarchicalNet | Path | str, whole: HierarchicalNet) -> DataRequest | str:
    """Return the data set that a network was trained on.

    Raises:
        ExportError: nobody knows.
    """
    if found := own_data(net, whole):
        return found
    raise ExportError(
        "An int8 model is calibrated on training pictures of its classes, and measured on their "
        "validation pictures; name a data set that has them as `calibration`, such as a folder of "
        "class folders."
    )


def own_data(net: HierarchicalNet | Path | str, whole: HierarchicalNet) -> DataRequest | str | None:
    """Return the data set that a network was trained on; None where nobody knows.

    Args:
        net: a network, or what one is named by.
        whole: that network.
    """
    if name := _shipped_set(whole.source):
        return name
    if not isinstance(net, HierarchicalNet) and is_finished(Path(net)):
        with suppress(DataError):  # trained on pictures in memory
            return run_data(Path(net))
    return None


def _identity(
    net: HierarchicalNet, labels: LabelSet | Path | str | None, kept: tuple[str, ...]
) -> dict[str, io.Json]:
    """Return what an expert tells apart, and what it was cut from."""
    source = net.source
    labels = labels or _shipped_set(source) or None
    known = None if labels is None else get_labels(labels)
    held = {} if known is None else {label.id: label for label in known}
    described = []
    for name in net.classes:
        entry: dict[str, io.Json] = {"id": name}
        if name not in kept:
            entry["rejected"] = True
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
