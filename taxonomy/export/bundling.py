"""`bundle`: write an expert for a device, verified before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.checked import check_path
from taxonomy._core.decoding import decode
from taxonomy._core.errors import ExportError, FileFormatError, told
from taxonomy._core.registry import Registry
from taxonomy._core.spelling import counted, with_width
from taxonomy.data import DataRequest, Pictures
from taxonomy.design.costs import cost
from taxonomy.evaluation.rejection import Rejecting
from taxonomy.export.answering import answers_of
from taxonomy.export.beside import masked_beside
from taxonomy.export.card import Figures, card, figures_table, names_kept
from taxonomy.export.checking import COMPARED, REPEATED, SAMPLES, answers, largest_gap, made_up
from taxonomy.export.figures import accuracy_of, latency_of, parity_of
from taxonomy.export.given import Given, given_for, identity_of, licences_of
from taxonomy.export.pictures import (
    calibrating,
    colours,
    described,
    predictions_of,
)
from taxonomy.export.rejecting import outputs_of, rejecting, shown
from taxonomy.export.target import Bytes, Quantizing, Target, options_of, write_files
from taxonomy.labels import LabelSet, check_classes
from taxonomy.nets.experts import extract
from taxonomy.nets.hierarchical import HierarchicalNet, evaluating
from taxonomy.nets.widths import net_at
from taxonomy.predictions import Predictions

FORMAT = "taxonomy-bundle"
MANIFEST = "bundle.json"


TARGETS: Registry[Target] = Registry(
    "target",
    {
        "browser": "taxonomy.export.to_browser:Browser",
        "executorch": "taxonomy.export.to_executorch:ExecuTorch",
        "onnx": "taxonomy.export.to_onnx:ONNX",
        "openvino": "taxonomy.export.to_openvino:OpenVINO",
        "safetensors": "taxonomy.export.to_safetensors:Safetensors",
        "tflite": "taxonomy.export.to_tflite:TFLite",
        "torch-export": "taxonomy.export.to_torch_export:TorchExport",
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
        width = self.manifest.get("width", 1.0)
        known = f"expert for {with_width(part + many, width)}: {', '.join(self.classes)}"
        return f"{known}\n{figures_table(self.manifest)}"


def bundle(
    net: HierarchicalNet | Path | str,
    folder: Path | str,
    target: Target | str = "onnx",
    *,
    classes: Iterable[str] | None = None,
    width: float = 1.0,
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
        width: share of the channels that is kept, one of those that the network was trained at.
        labels: names and WordNet ids of the classes; a shipped network brings its own.
        pictures: of one split, with the network's classes among theirs: the model's accuracy is
            measured on them, and a few are compared. A shipped network that is given by its name
            brings its validation pictures.
        predictions: stored ones of the network at that width, of which the accuracy is read
            instead; a run's folder brings those of its validation split.
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
        SpecError: the network was not trained at that width.
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
    whole = net_at(net, width)
    kept = whole.classes if classes is None else check_classes(classes, whole.classes)
    outputs = outputs_of(whole, kept, reject)
    expert = whole if len(outputs) == len(whole.classes) else extract(whole, outputs)
    if whole.spec.channels != len(whole.preprocessing.channels):
        raise ExportError(
            f"The network reads {whole.spec.channels} channels, which no picture has."
        )
    given = given_for(net, whole, expert, smaller is not None, calibration, pictures, predictions)
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
            "options": options_of(to),
            "runtime": to.runtime,
            "model": to.file,
            **to.describe(expert),
            "preprocessing": expert.preprocessing.to_dict(),
            **identity_of(expert, labels, kept),
            **refused,
            "licences": {**licences_of(expert), **(licences or {})},
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
    given: Given,
    kept: tuple[str, ...],
) -> _Model:
    """Write the model, compared with the network first, and in int8 if that is asked for.

    Raises:
        ExportError: it answers something else, or loses more in int8 than is allowed.
    """
    model, part, predictions = to.model(expert), given.part, given.predictions
    write_files(to, model, file.parent)
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
        write_files(to, model, file.parent)
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
