"""Candidates: what several networks give for the same classes, written, run and compared."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import DataError, ExportError
from taxonomy._core.folders import SPLITS
from taxonomy._core.spelling import with_width
from taxonomy.data import Pictures
from taxonomy.design.costs import cost
from taxonomy.export.answering import answers_of, identity, remembered
from taxonomy.export.bundling import TARGETS
from taxonomy.export.checking import made_up
from taxonomy.export.figures import medians_in_turns, parity_of
from taxonomy.export.given import own_data
from taxonomy.export.pictures import calibrating, colours, of_classes, predictions_of, read
from taxonomy.export.sizes import model_bytes
from taxonomy.export.target import Bytes, Quantizing, Target, write_files
from taxonomy.nets.experts import extract
from taxonomy.nets.hierarchical import HierarchicalNet, get_net
from taxonomy.predictions import Predictions
from taxonomy.training.run import Run, is_finished

Content = bytes
"""Of a file."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """An expert of one network in one format.

    Args:
        network: its name.
        width: the share of its channels that is kept.
        masked: whether the network is flat: its expert is all of it but for other classes' outputs.
        target: name of the format.
        precision: ``float`` or ``int8``.
        params: of the expert.
        macs: of one picture.
        bytes: of the written model.
        foretold: what `taxonomy.export.sizes.model_bytes` says; None where it does not know.
        predictions: of the expert in this precision, for the classes' validation pictures.
        expert: the network that was cut out.
        to: the target with its options.
        write: returns the model's file.
    """

    network: str
    width: float
    masked: bool
    target: str
    precision: str
    params: int
    macs: int
    bytes: int
    foretold: int | None
    predictions: Predictions
    expert: HierarchicalNet = field(repr=False)
    to: Target = field(repr=False)
    write: Callable[[], Content] = field(repr=False)


class Experts:
    """The experts of several networks for the same classes, with the pictures that judge them.

    Args:
        classes: label ids, sorted.
        data: the pictures of networks that bring none; see `taxonomy.export.recommend`.

    Attributes:
        notes: what was left out, and why.
    """

    def __init__(self, classes: Sequence[str], data: Path | str | None) -> None:
        self.classes, self.data = tuple(classes), data
        self.notes: list[str] = []
        self._read: dict[tuple[str, int], Pictures] = {}

    def candidates(
        self, name: str, targets: Iterable[Target], precisions: Sequence[str]
    ) -> Iterator[Candidate]:
        """Yield one network's expert at every width, in every format and every precision.

        Raises:
            DataError: nothing says which pictures the network is to be scored on, or there is none
                of these classes.
            LabelError: the network lacks a class.
            FileFormatError: there is no such network.
            MissingExtraError: a target's package is not installed.
        """
        net = get_net(name)
        for width in net.widths:
            yield from self._at(width, name, net, targets, precisions)

    def _at(
        self,
        width: float,
        name: str,
        net: HierarchicalNet,
        targets: Iterable[Target],
        precisions: Sequence[str],
    ) -> Iterator[Candidate]:
        expert = extract(net, self.classes, width=width)
        called = with_width(name, width)
        stored = self.data is None and is_finished(Path(name))
        pictures = None
        if not stored or "int8" in precisions:
            pictures = self._pictures(name, net, expert, stored)
        if stored:
            floats = Run(Path(name)).predictions("val", width).restrict(self.classes)
        else:
            floats = _answers(name, expert, pictures)
        whole = cost(expert.spec, expert.hierarchy)
        for to in targets:
            try:
                model = to.model(expert)
            except ExportError as error:
                self.notes.append(f"{called} for {TARGETS.name_of(to)} is left out: {error}")
                continue
            facts: dict[str, Any] = {
                "network": name,
                "width": width,
                "masked": len(net.hierarchy.nodes) == 1,
                "target": TARGETS.name_of(to),
                "params": whole.params,
                "macs": whole.macs,
                "expert": expert,
            }
            if "float" in precisions:
                yield Candidate(
                    **facts,
                    precision="float",
                    bytes=len(model),
                    foretold=_foretold(facts, to),
                    predictions=floats,
                    to=to,
                    write=lambda model=model: model,  # type: ignore[misc]
                )
            if "int8" in precisions and isinstance(to, Quantizing):
                smaller: Any = dataclasses.replace(to, precision="int8")  # type: ignore[type-var]
                try:
                    yield self._in_int8(facts, smaller, model, pictures)
                except (DataError, ExportError) as error:
                    what = f"{called} for {facts['target']} in int8 is left out"
                    self.notes.append(f"{what}: {error}")

    def _pictures(
        self, name: str, net: HierarchicalNet, expert: HierarchicalNet, stored: bool
    ) -> Pictures | None:
        """Return the pictures of the classes that a network brings or that were given.

        Raises:
            DataError: they cannot be read, and no predictions are stored.
        """
        request = own_data(name, net) if self.data is None else self.data
        if request is None:
            return None
        key = (repr(request), expert.spec.resolution)
        if key not in self._read:
            try:
                self._read[key] = read(request, expert)
            except DataError as error:
                if not stored:
                    raise
                note = f"{name}: its pictures cannot be read: {error}"
                self.notes += [note] * (note not in self.notes)  # once for all of its widths
                return None
        return self._read[key]

    def _in_int8(
        self, facts: dict[str, Any], to: Any, model: bytes, pictures: Pictures | None
    ) -> Candidate:
        """Return an expert in int8, calibrated and compared with floats as a bundle's is.

        Raises:
            DataError: there are no pictures that calibrate and compare it.
            ExportError: it loses more than a bundle may.
        """
        expert: HierarchicalNet = facts["expert"]
        if pictures is None:
            raise DataError("nothing says which pictures calibrate it; name them as `data`.")
        chosen, part = calibrating(pictures, expert, "data"), _validation(pictures, expert)

        def write() -> bytes:
            file: bytes = to.quantized(expert, model, colours(chosen.images))
            return file

        def answered() -> Predictions:
            file = write()
            with ExitStack() as places:
                found = predictions_of(runner(to, file, places), part)
            return found.with_provenance(bytes=len(file))

        form = io.array_digest(np.frombuffer(model, np.uint8))  # another one is lowered otherwise
        key = ["int8", facts["target"], asdict(to), form, chosen.digest, part.digest]
        key += identity(expert)
        found = remembered([*key, io.versions("numpy", "onnx", to.runtime)], answered)
        floats = _answers(facts["network"], expert, pictures)
        parity_of(floats, found, to.allowed_loss, to.least_agreement)
        size = int(found.provenance["bytes"])
        return Candidate(
            **facts,
            precision="int8",
            bytes=size,
            foretold=_foretold(facts, to),
            predictions=found,
            to=to,
            write=write,
        )


def _foretold(facts: dict[str, Any], to: Any) -> int | None:
    """Return the bytes of an expert's model as they are foretold, or None where they are not."""
    expert, lowering = facts["expert"], getattr(to, "lowering", "auto")
    known = (facts["target"], lowering, getattr(to, "precision", "float"))
    try:
        return model_bytes(expert.spec, expert.hierarchy, *known)
    except ExportError:
        return None


def times(candidates: Sequence[Candidate]) -> list[float]:
    """Return how long each candidate takes for a picture, in milliseconds, measured in turns.

    Raises:
        MissingExtraError: a runtime is not installed.
    """
    with ExitStack() as places:
        models = [(runner(c.to, c.write(), places), made_up(c.expert)) for c in candidates]
        return medians_in_turns(models)


def runner(to: Target, model: bytes, places: ExitStack) -> Callable[[Bytes], Float32Array]:
    """Return what runs a model, from a file that lies there as long as ``places`` is open."""
    folder = Path(places.enter_context(tempfile.TemporaryDirectory()))
    write_files(to, model, folder)
    return to.runner(folder / to.file)


def _answers(name: str, expert: HierarchicalNet, pictures: Pictures | None) -> Predictions:
    """Return what an expert answers for the validation pictures of its classes.

    Raises:
        DataError: there are none.
    """
    if pictures is None:
        raise DataError(
            f"{name}: which pictures is it to be scored on? Name them as `data`, such as a folder "
            "of class folders."
        )
    return answers_of(expert, _validation(pictures, expert))


def _validation(pictures: Pictures, expert: HierarchicalNet) -> Pictures:
    """Return the validation pictures of an expert's classes.

    Raises:
        DataError: there is none.
    """
    if SPLITS.index("val") not in pictures.splits:
        raise DataError("The `data` has no validation pictures of these classes.")
    return of_classes(pictures.part("val"), expert, "data")
