"""`explore`: from trained networks to the page, and back to the numbers on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray
from taxonomy._core.checked import check_several
from taxonomy._core.decoding import decode
from taxonomy._core.endings import PAGES, check_ending
from taxonomy._core.errors import DataError, FileFormatError, TaxonomyError, check_whole, naming
from taxonomy._core.registry import lookup
from taxonomy._core.shipped import list_shipped
from taxonomy._core.spelling import counted
from taxonomy.data import DataRequest
from taxonomy.evaluation.experts import HasPredictions
from taxonomy.explorer import page
from taxonomy.explorer.answers import Answers
from taxonomy.explorer.content import PageContent
from taxonomy.explorer.figures import Figures, Network
from taxonomy.explorer.thumbnails import thumbnails
from taxonomy.explorer.timing import Timing, time_experts
from taxonomy.export.given import own_data
from taxonomy.labels import LabelSet, check_classes, get_labels
from taxonomy.nets import get_net
from taxonomy.nets.widths import net_at
from taxonomy.tasks import Task, TaskList, tasks_for
from taxonomy.training import Scored, scored_by_name, trained_widths

FORMAT = "taxonomy-explorer"
VERSION = 1
MOST_TASKS = 40
"""Tasks that the page offers by name."""
LARGEST_THUMBNAIL = 128


@dataclass(frozen=True, eq=False)
class Explorer:
    """The page and all that it says; printing it says how large it is and how exact.

    Args:
        content: what the page holds, as JSON values.
        notes: what was left out, and why, one sentence each.
    """

    content: Mapping[str, io.Json]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Keep the content as it is now."""
        object.__setattr__(self, "content", MappingProxyType(dict(self.content)))

    @classmethod
    def of(
        cls,
        nets: Mapping[str, HasPredictions],
        *,
        sources: Mapping[str, str] | None = None,
        labels: LabelSet | Path | str | None = None,
        tasks: TaskList | Path | str | None = None,
        timings: Mapping[str, Timing] | None = None,
        widths: Mapping[str, float] | None = None,
        sheet: Mapping[str, io.Json] | None = None,
    ) -> Explorer:
        """Return the page of networks whose predictions are there.

        Args:
            nets: by the names that the page shows.
            sources: by the same names, what commands know the networks by; the names themselves
                where left out.
            labels: names of the classes; of a shipped label set over the same classes where left
                out.
            tasks: whose first 40 the page offers; the named ones of the shipped list where left
                out.
            timings: by the networks' names, how long experts take.
            widths: by the same names, the share of the source's channels that is meant; all of
                them where left out.
            sheet: what `taxonomy.explorer.thumbnails.thumbnails` returns.

        Raises:
            DataError: no network, or networks over different classes or splits.
            LabelError: labels or tasks of other classes.

        >>> from taxonomy import Hierarchy, NetSpec, Predictions
        >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
        >>> logits = [[0, 1, 3, 2], [0, 1, 2, 3]]  # bus, car, cat, dog
        >>> predictions = Predictions(tree.leaves, logits, [1, 3], "val")
        >>> shown = Scored(NetSpec.tree(levels=((8, 0),)), tree, predictions)
        >>> page = Explorer.of({"tiny": shown})
        >>> [page.ask("tiny", ["car", other]).right for other in ("bus", "cat")]
        [1, 0]
        """
        ids = _same_classes(nets)
        known = (
            tasks
            if isinstance(tasks, TaskList)
            else tasks_for(ids, tasks, required=tasks is not None)
        )
        parts = {}
        for name, net in nets.items():
            source, timing = (sources or {}).get(name, name), (timings or {}).get(name)
            parts[name] = Network.of(name, source, net, timing, (widths or {}).get(name, 1.0))
        return cls(
            {
                "format": FORMAT,
                "version": VERSION,
                "made_by": f"taxonomy-experts {io.versions()['taxonomy-experts']}",
                "split": next(iter(nets.values())).predictions.split,
                "classes": list(ids),
                "names": _names(ids, labels),
                "tasks": _offered(known, named=tasks is None),
                "networks": [dict(part.content) for part in parts.values()],
                "exactness": _exactness(nets, parts, known or TaskList([Task("all", ids)], ids)),
                "thumbnails": None if sheet is None else dict(sheet),
            }
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of the content."""
        return io.digest(dict(self.content))

    @property
    def classes(self) -> tuple[str, ...]:
        """The label ids, sorted."""
        return tuple(self.content["classes"])

    @cached_property
    def networks(self) -> dict[str, Network]:
        """The networks by name, in the order of the page."""
        held = (Network(part, len(self.classes)) for part in self.content["networks"])
        return {network.content["name"]: network for network in held}

    def ask(self, network: str, classes: Iterable[str]) -> Figures:
        """Return what the page shows of one expert, from the bytes that are in the page.

        Args:
            network: its name on the page.
            classes: label ids, at least one.

        Raises:
            LabelError: no class, an unknown one, or one given twice.
            RegistryError: there is no such network.
        """
        chosen = check_classes(classes, self.classes)
        column = {label: i for i, label in enumerate(self.classes)}
        return lookup("network", self.networks, network).ask([column[name] for name in chosen])

    def to_html(self) -> str:
        """Return the page."""
        return page.html(dict(self.content), self.digest)

    def save(self, path: Path | str) -> Path:
        """Write the page atomically, and return where it is.

        Raises:
            FileFormatError: the name does not end in ``.html``.
            WriteError: it cannot be written.
        """
        check_ending(path, PAGES)
        io.write_text(path, self.to_html())
        return Path(path)

    @classmethod
    def load(cls, path: Path | str) -> Explorer:
        """Read what a page holds.

        Raises:
            FileFormatError: the file is no explorer's page, or was changed.
        """
        content, digest = page.content_of(io.read_text(path), path)
        known = content.get("format"), content.get("version")
        if known != (FORMAT, VERSION):
            raise FileFormatError(f"{path}: is no page of this version's explorer; write it again.")
        decode(PageContent, content, path, checked=True)
        found = cls(content)
        if found.digest != digest:
            raise FileFormatError(f"{path}: was changed since it was written; write it again.")
        with naming(path, FileFormatError):
            for network in found.networks.values():
                len(network.answers.targets)  # read here, so that damage is told with the file
        return found

    def __str__(self) -> str:
        """Return size, networks and exactness, a line each, and the notes."""
        exact = self.content["exactness"]
        size = (
            f"{counted(len(self.networks), 'network')} over {counted(len(self.classes), 'class')}, "
            f"{self.content['split']} split, {len(self.to_html().encode()) / 1e3:,.0f} kB"
        )
        exactness = (
            f"accuracy by the page's bytes is at most {exact['most_points']:.2f} points from that "
            f"by float32 logits, over {counted(exact['tasks'], 'task')} of every network"
        )
        timed = (
            f"{name}: times estimated from {timing['experts']} experts on {timing['machine']}, "
            f"{timing['error']:.0%} off in the median"
            for name, network in self.networks.items()
            if (timing := network.content["timing"])
        )
        return "\n".join([size, exactness, *timed, *self.notes])


def explore(
    networks: Iterable[Path | str],
    *,
    split: str = "val",
    data: DataRequest | Path | str | None = None,
    labels: LabelSet | Path | str | None = None,
    tasks: TaskList | Path | str | None = None,
    thumbnail: int = 32,
    measure: bool = False,
    device: str = "auto",
) -> Explorer:
    """Return a page in which classes are ticked and their experts' cost and accuracy are shown.

    Args:
        networks: runs' folders, files or shipped names, over the same classes, each with a last
            part of its own; those over a star are the flat family that experts are compared with.
            One that was trained at several widths is shown at each of them.
        split: ``val`` or ``test``, whose pictures accuracy is measured on.
        data: the pictures that files are scored on and thumbnails are taken from; a run and a
            shipped network know theirs.
        labels: names of the classes; of a shipped label set over the same classes where left out.
        tasks: whose first 40 the page offers; the named ones of the shipped list where left out.
        thumbnail: side of the classes' pictures in pixels, at most 128; 0 for none.
        measure: whether experts are timed on this machine, which takes a minute; without it no
            time is shown.
        device: where logits are computed, as `taxonomy.training.scored` takes it.

    Raises:
        DataError: no network, networks over different classes, or no pictures to score one on.
        FileFormatError: there is no such network.
        ExportError: experts are to be timed, and a network cannot be exported.
        LabelError: labels or tasks of other classes.
        MissingExtraError: experts are to be timed, and onnx or onnxruntime is not installed.

    >>> page = explore(["icons/flat-0.25x"], thumbnail=0)
    >>> page.ask("flat-0.25x", ["cat", "dog"]).macs, page.content["exactness"]["most_points"]
    (3317856, 0.0)
    """
    check_several(networks, "networks", DataError)
    check_whole("`thumbnail`", thumbnail, 0, LARGEST_THUMBNAIL, DataError)
    named = list(dict.fromkeys(str(network) for network in networks))
    request = data if isinstance(data, DataRequest) or data is None else DataRequest(str(data))
    nets = scored_by_name(named, split, request, device)
    widths = {name: net.width for name, net in nets.items()}
    every = [source for source in named for _ in trained_widths(source)]
    sources = dict(zip(nets, every, strict=True))
    timed = {
        name: time_experts(net_at(source, widths[name]))
        for name, source in sources.items()
        if measure
    }
    sheet: Mapping[str, io.Json] | None = None
    notes: tuple[str, ...] = ()
    if thumbnail and nets:
        known = request or _own_data(named)
        sheet, notes = _sheet(known, next(iter(nets.values())), thumbnail)
    page = Explorer.of(
        nets,
        sources=sources,
        labels=labels,
        tasks=tasks,
        timings=timed,
        widths=widths,
        sheet=sheet,
    )
    return replace(page, notes=notes)


def _same_classes(nets: Mapping[str, HasPredictions]) -> tuple[str, ...]:
    """Return the classes of all networks.

    Raises:
        DataError: there is no network, or one has other classes or another split.
    """
    if not nets:
        raise DataError("Name at least one network to explore.")
    (first, net), *others = nets.items()
    for name, other in others:
        if other.predictions.ids != net.predictions.ids:
            raise DataError(
                f"{name!r} has other classes than {first!r}; give networks over the same classes."
            )
        if other.predictions.split != net.predictions.split:
            raise DataError(
                f"{name!r} was scored on the {other.predictions.split} split and {first!r} on the "
                f"{net.predictions.split} split; score both on one."
            )
    return net.predictions.ids


def _names(ids: tuple[str, ...], given: LabelSet | Path | str | None) -> list[str]:
    """Return what the classes are called, in the order of their ids.

    Raises:
        LabelError: the labels given lack a class.
    """
    found = None if given is None else get_labels(given)
    if found is None:
        for thing in list_shipped("labels"):
            if thing.classes == len(ids) and tuple(sorted(get_labels(thing.name).ids)) == ids:
                found = get_labels(thing.name)
    return list(ids) if found is None else [found[label].name or label for label in ids]


def _offered(tasks: TaskList | None, *, named: bool) -> list[io.Json]:
    """Return the tasks that the page offers, with the columns of their classes."""
    if tasks is None:
        return []
    kept = [task for task in tasks if task.kind == "named" or not named][:MOST_TASKS]
    column = {label: i for i, label in enumerate(tasks.ids)}
    return [{"id": task.id, "classes": [column[x] for x in task.classes]} for task in kept]


def _exactness(
    nets: Mapping[str, HasPredictions], parts: Mapping[str, Network], tasks: TaskList
) -> dict[str, io.Json]:
    """Return how far accuracies by the page's bytes are from those of float32 logits, in points."""
    gaps = [
        np.abs(_accuracies(parts[name].answers, tasks) - net.predictions.task_accuracies(tasks))
        for name, net in nets.items()
    ]
    known = np.concatenate(gaps)
    known = 100 * known[~np.isnan(known)]
    most, mean = (float(known.max()), float(known.mean())) if len(known) else (0.0, 0.0)
    return {"tasks": len(tasks), "most_points": round(most, 4), "mean_points": round(mean, 4)}


def _accuracies(answers: Answers, tasks: TaskList) -> FloatArray:
    found = np.full(len(tasks), np.nan)
    for i, member in enumerate(tasks.membership):
        asked, right = answers.right(np.flatnonzero(member))
        if count := asked.sum():
            found[i] = right.sum() / count
    return found


def _own_data(networks: Iterable[str]) -> DataRequest | None:
    """Return the pictures that the first network which knows its pictures was trained on."""
    for network in networks:
        if (found := own_data(network, get_net(network))) is not None:
            return found if isinstance(found, DataRequest) else DataRequest(found)
    return None


def _sheet(
    request: DataRequest | None, net: Scored, side: int
) -> tuple[dict[str, io.Json] | None, tuple[str, ...]]:
    """Return the sheet of thumbnails; None, and a note, where no pictures are known."""
    if request is None:
        return None, ("no thumbnails: no network says where its pictures are (`data`)",)
    try:
        pictures = request.pictures(net.spec.resolution)
        licences = {thing.name: thing.licence for thing in list_shipped("data")}
        licence = licences.get(request.data, "")
        return thumbnails(pictures, net.predictions.ids, side, licence), ()
    except TaxonomyError as error:
        return None, (f"no thumbnails: {error}",)
