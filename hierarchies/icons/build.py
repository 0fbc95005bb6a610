"""Build an icons dataset: classes of things drawn by many designers, 212 of them or 600.

Reads the pinned npm package, keeps the icons that may be passed on and whose names are class
names, renders them, drops twins, and splits them by designer. The same input gives the same bytes.

    python hierarchies/icons/build.py [icons-600] [--package iconify-json-2.2.535.tgz] [--check]

``icons-600`` has the classes of ``icons`` and 388 more. Its file holds the pictures of those alone,
and of ``icons.npz`` the numbers of the rows that belong to it too.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pages
import pictures
import sources
from splits import SIDES, SplitConfig, assign

from taxonomy._core.io import (
    array_digest,
    file_digest,
    load_npz,
    read_text,
    save_npz,
    write_json,
    write_text,
)
from taxonomy.data.icons import coarse, together

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = sources.HERE.parents[1]
RESVG_VERSION = "0.5.0"
#: Two drawings whose signatures correlate this much, or as negatives, are twins.
TWIN = 0.95

log = logging.getLogger("icons")


@dataclass(frozen=True)
class SetConfig:
    """What one of the datasets is made by."""

    name: str
    #: Most pictures of a class from one set.
    per_set: int = 8
    #: Whether it goes on from the icons: with their pictures, and their designers' sides.
    larger: bool = False
    split: SplitConfig = field(default_factory=SplitConfig)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return ROOT / "hierarchies" / self.name


SETS = {
    "icons": SetConfig("icons"),
    "icons-600": SetConfig(
        "icons-600",
        per_set=1,
        larger=True,
        split=SplitConfig(least=(5, 1, 1), sets=10, steps=2_000),
    ),
}
"""The datasets by name."""


@dataclass(frozen=True)
class Drawings:
    """Pictures and what is known of each; row i of every array is one picture."""

    images: np.ndarray
    label: np.ndarray
    set: np.ndarray
    name: np.ndarray
    designer: np.ndarray
    signature: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: np.ndarray) -> Drawings:
        """Return some of the rows."""
        return Drawings(*(getattr(self, field)[rows] for field in self.__dataclass_fields__))


def read_drawings(
    archive: Path, config: SetConfig, processes: int
) -> tuple[Drawings, dict[str, Any], Counter[str]]:
    """Read, match and render; return the drawings, the sets' index and what was left out."""
    table = sources.read_toml("designers.toml")
    family = {s: name for name, entry in table["family"].items() for s in entry["sets"]}
    index, sets = sources.read_sets(archive, table["unused"])
    icons = list(sources.find_icons(sets, config.folder))
    log.info("%d icons match in %d sets", len(icons), len(sets))
    images = pictures.render_all((icon.svg for icon in icons), processes)
    rendered = [(i, image) for i, image in zip(icons, images, strict=True) if image is not None]
    planes = np.stack([image for _, image in rendered])
    # Before twins are searched: what is brought to 16 values here is what the file holds.
    planes = coarse(planes) if config.larger else planes
    drawings = Drawings(
        images=planes,
        label=np.array([icon.label for icon, _ in rendered]),
        set=np.array([icon.set for icon, _ in rendered]),
        name=np.array([icon.name for icon, _ in rendered]),
        designer=np.array([family.get(icon.set, icon.set) for icon, _ in rendered]),
        signature=np.stack([pictures.signature(image) for image in planes]),
    )
    left_out = Counter(matched=len(icons), empty=len(icons) - len(rendered))
    return drawings, index, left_out


def drop_identical(drawings: Drawings, removed: Counter[str]) -> Drawings:
    """Keep the first of identical pictures, and none where classes disagree."""
    groups: dict[bytes, list[int]] = {}
    on_white = pictures.on_white(drawings.images.transpose(0, 2, 3, 1))
    for row, picture in enumerate(on_white):
        groups.setdefault(picture.tobytes(), []).append(row)
    keep = []
    for rows in groups.values():
        agree = len(set(drawings.label[rows])) == 1
        keep += rows[:1] if agree else []
        removed["identical, same class" if agree else "identical, classes disagree"] += (
            len(rows) - agree
        )
    return drawings.take(np.sort(keep))


def drop_family_twins(drawings: Drawings, per_set: int, removed: Counter[str]) -> Drawings:
    """Drop near-identical pictures of one class by one family, then the surplus of a set."""
    keys = np.char.add(np.char.add(drawings.label, "/"), drawings.designer)
    keep: list[int] = []
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        near = np.zeros((len(rows), len(rows)), bool)
        if len(rows) > 1:
            near[pictures.find_twins(drawings.signature[rows], TWIN)] = True
        kept: list[int] = []
        for row in range(len(rows)):
            if not near[row, kept].any():
                kept.append(row)
        removed["near-identical, one class of one family"] += len(rows) - len(kept)
        for prefix in np.unique(drawings.set[rows[kept]]):
            mine = [int(rows[k]) for k in kept if drawings.set[rows[k]] == prefix]
            spread = np.unique(np.linspace(0, len(mine) - 1, min(per_set, len(mine))).round())
            keep += [mine[int(k)] for k in spread]
            removed["surplus of a set"] += len(mine) - len(spread)
    return drawings.take(np.sort(keep))


def known_sides(designers: np.ndarray, config: SetConfig) -> np.ndarray:
    """Return the side of each family on which the icons have it, -1 of the others."""
    if not config.larger:
        return np.full(len(designers), -1)
    icons = load_npz(SETS["icons"].folder / "icons.npz")
    names = icons["designers"][icons["designer"]]
    sides = dict(zip(names.tolist(), icons["split"].tolist(), strict=True))
    return np.array([sides.get(name, -1) for name in designers.tolist()])


def split(drawings: Drawings, removed: Counter[str], config: SetConfig) -> np.ndarray:
    """Return each picture's side, -1 for those dropped because a twin lies on another side."""
    designers, family = np.unique(drawings.designer, return_inverse=True)
    classes, label = np.unique(drawings.label, return_inverse=True)
    rows, columns = pictures.find_twins(drawings.signature, TWIN)
    counts = np.zeros((len(designers), len(classes)), np.int64)
    np.add.at(counts, (family, label), 1)
    twins = np.zeros((len(designers),) * 2, np.int64)
    np.add.at(twins, (family[rows], family[columns]), 1)
    styles = np.stack([pictures.styles(image) for image in drawings.images])
    by_family = np.zeros((len(designers), styles.shape[1]), np.int64)
    np.add.at(by_family, family, styles.astype(np.int64))
    known = known_sides(designers, config)
    sides = assign(counts, by_family, twins, known, config.split)[family]
    for side, others in ((1, (0,)), (2, (0, 1))):
        hit = np.isin(sides[columns], others) & (sides[rows] == side)
        dropped = np.unique(rows[hit])
        sides[dropped] = -1
        against = " and ".join(SIDES[other] for other in others)
        removed[f"near-identical, {SIDES[side]} against {against}"] = len(dropped)
    return sides


def arrays_of(drawings: Drawings, sides: np.ndarray, classes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of ``icons.npz``, in canonical order: split, class, set, name."""
    kept = np.flatnonzero(sides >= 0)
    order = np.lexsort((drawings.name[kept], drawings.set[kept], drawings.label[kept], sides[kept]))
    drawings, sides = drawings.take(kept[order]), sides[kept[order]]
    designers, sets = np.unique(drawings.designer), np.unique(drawings.set)
    return {
        "images": drawings.images,
        "label": np.searchsorted(classes, drawings.label).astype(np.int16),
        "classes": classes,
        "designer": np.searchsorted(designers, drawings.designer).astype(np.int16),
        "designers": designers,
        "set": np.searchsorted(sets, drawings.set).astype(np.int16),
        "sets": sets,
        "name": drawings.name,
        "split": sides.astype(np.uint8),
    }


def apart(
    drawings: Drawings, sides: np.ndarray, classes: np.ndarray, removed: Counter[str]
) -> dict[str, np.ndarray]:
    """Return the arrays of the larger set's file: rows of the icons', and pictures of its own.

    A picture of one of the icons' classes that the icons lack is left out, so that each of the
    larger set's lies in one file only.
    """
    icons = load_npz(SETS["icons"].folder / "icons.npz")
    theirs = (icons[k][icons[v]].tolist() for k, v in (("classes", "label"), ("sets", "set")))
    place = {key: row for row, key in enumerate(zip(*theirs, icons["name"].tolist(), strict=True))}
    keys = zip(*(getattr(drawings, k).tolist() for k in ("label", "set", "name")), strict=True)
    rows = np.array([place.get(key, -1) for key in keys])
    old = np.isin(drawings.label, icons["classes"]) & (sides >= 0)
    rows[~old] = -1
    removed["of a class of the icons, which lack it"] = int((old & (rows < 0)).sum())
    if (icons["split"][rows[rows >= 0]] != sides[rows >= 0]).any():
        raise SystemExit("a picture lies on another side than in the icons.")
    own = arrays_of(drawings, np.where(old, -1, sides), classes)
    return own | {"icons": np.sort(rows[rows >= 0]).astype(np.int32)}


def verify(arrays: Mapping[str, np.ndarray], config: SplitConfig) -> None:
    """Check what the dataset promises.

    Raises:
        SystemExit: a promise is broken.
    """
    count = np.zeros((3, len(arrays["classes"])), np.int64)
    np.add.at(count, (arrays["split"], arrays["label"]), 1)
    for side, least in enumerate(config.least):
        for label in np.flatnonzero(count[side] < least):
            found = f"{count[side, label]} {SIDES[side]} pictures, fewer than {least}"
            raise SystemExit(f"class {arrays['classes'][label]}: {found}.")
    for label, name in enumerate(arrays["classes"]):
        if (sets := len(np.unique(arrays["set"][arrays["label"] == label]))) < config.sets:
            raise SystemExit(f"class {name}: of {sets} sets, fewer than {config.sets}.")
    signatures = np.stack([pictures.signature(image) for image in arrays["images"]])
    rows, columns = pictures.find_twins(signatures, TWIN)
    if (arrays["split"][rows] != arrays["split"][columns]).any():
        raise SystemExit("a picture has a twin on another side.")
    pairs = set(zip(arrays["designer"].tolist(), arrays["split"].tolist(), strict=True))
    if len(pairs) != len(arrays["designers"]):
        raise SystemExit("a designer family lies on two sides.")


def build(
    archive: Path, config: SetConfig, target: Path, notice: Path, processes: int
) -> dict[str, Any]:
    """Write all outputs to ``target`` and return the report."""
    drawings, index, removed = read_drawings(archive, config, processes)
    drawings = drop_family_twins(drop_identical(drawings, removed), config.per_set, removed)
    log.info("%d of the pictures are distinct", len(drawings))
    sides = split(drawings, removed, config)
    classes = np.array(sorted(sources.read_labels(config.folder)))
    if config.larger:
        own = apart(drawings, sides, classes, removed)
        arrays = together(load_npz(SETS["icons"].folder / "icons.npz"), own)
    else:
        arrays = own = arrays_of(drawings, sides, classes)
    verify(arrays, config.split)
    save_npz(target / "icons.npz", own)
    report = pages.report(arrays, index, removed) | {
        "thresholds": thresholds(config),
        "package": f"{sources.PACKAGE} {sources.PACKAGE_VERSION}",
        "package_sha256": sources.PACKAGE_SHA256,
        "renderer": f"resvg-py {RESVG_VERSION}",
        "content_sha256": array_digest(*(own[name] for name in sorted(own))),
        "sha256": file_digest(target / "icons.npz"),
    }
    write_json(target / "report.json", report)
    pages.draw_thumbnails(arrays, target / "thumbnails.png")
    credit = pages.notice(config.name, own, index, 16 if config.larger else 256)
    pages.replace_block(notice, config.name, credit)
    pages.replace_block(target / "README.md", config.name, pages.numbers(report))
    return report


def thresholds(config: SetConfig) -> dict[str, Any]:
    """Return the numbers that decided what is in the set."""
    least, shares = config.split.least, config.split.shares
    found = {
        "twin_correlation": TWIN,
        "most_pictures_of_a_class_from_a_set": config.per_set,
        "least_ink_pixels": pictures.LEAST_INK,
        "least_contrast": pictures.LEAST_CONTRAST,
        "least_pictures_of_a_class": dict(zip(SIDES, least, strict=True)),
        "split_shares": dict(zip(SIDES, shares, strict=True)),
        "split_seed": config.split.seed,
    }
    return found | ({"least_sets_of_a_class": config.split.sets} if config.split.sets else {})


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, build, and compare if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("set", nargs="?", choices=SETS, default="icons", help="which [icons]")
    parser.add_argument(
        "--package", type=Path, help="the package's .tgz; fetched with `npm pack` if not given"
    )
    parser.add_argument(
        "--check", action="store_true", help="build to a temporary folder and compare the sha256"
    )
    parser.add_argument("--processes", type=int, default=2, help="renderers at a time (default 2)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if (found := metadata.version("resvg-py")) != RESVG_VERSION:
        parser.error(
            f"resvg-py {found} is installed, but pictures are pinned to {RESVG_VERSION}; type "
            f"`pip install resvg-py=={RESVG_VERSION}`."
        )
    config = SETS[options.set]
    with tempfile.TemporaryDirectory(prefix="icons-") as name:
        folder = Path(name)
        archive = sources.verified(options.package, folder)
        if not options.check:
            report = build(archive, config, config.folder, ROOT / "NOTICE", options.processes)
            log.info("%s  icons.npz", report["sha256"])
            return
        names = ("icons.npz", "report.json", "README.md", "thumbnails.png")
        shipped = {n: config.folder / n for n in names} | {"NOTICE": ROOT / "NOTICE"}
        for file in ("README.md", "NOTICE"):
            write_text(folder / file, read_text(shipped[file]))
        build(archive, config, folder, folder / "NOTICE", options.processes)
        differ = [n for n, path in shipped.items() if file_digest(path) != file_digest(folder / n)]
        if differ:
            sys.exit(f"built anew, these differ: {', '.join(differ)}")
        log.info("built anew, all %d files are the same, byte for byte", len(shipped))


if __name__ == "__main__":
    main()
