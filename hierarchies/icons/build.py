"""Build the icons dataset: 212 classes of everyday things drawn by many designers.

Reads the pinned npm package, keeps the icons that may be passed on and whose names are class
names, renders them, drops twins, and splits them by designer. The same input gives the same bytes.

    python hierarchies/icons/build.py [--package iconify-json-2.2.535.tgz] [--check]
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pages
import pictures
import sources
from splits import SIDES, SplitConfig, assign

from taxonomy._core.io import array_digest, file_digest, read_text, save_npz, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = sources.HERE.parents[1]
RESVG_VERSION = "0.5.0"
#: Two drawings whose signatures correlate this much, or as negatives, are twins.
TWIN = 0.95
#: Most pictures of a class from one set.
PER_SET = 8

log = logging.getLogger("icons")


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


def read_drawings(archive: Path, processes: int) -> tuple[Drawings, dict[str, Any], Counter[str]]:
    """Read, match and render; return the drawings, the sets' index and what was left out."""
    table = sources.read_toml("designers.toml")
    family = {s: name for name, entry in table["family"].items() for s in entry["sets"]}
    index, sets = sources.read_sets(archive, table["unused"])
    icons = list(sources.find_icons(sets, sources.read_labels()))
    log.info("%d icons match in %d sets", len(icons), len(sets))
    images = pictures.render_all((icon.svg for icon in icons), processes)
    rendered = [(i, image) for i, image in zip(icons, images, strict=True) if image is not None]
    planes = np.stack([image for _, image in rendered])
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


def drop_family_twins(drawings: Drawings, removed: Counter[str]) -> Drawings:
    """Drop near-identical pictures of one class by one family, then the surplus of a set."""
    keys = np.char.add(np.char.add(drawings.label, "/"), drawings.designer)
    keep: list[int] = []
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        near = np.zeros((len(rows), len(rows)), bool)
        near[pictures.find_twins(drawings.signature[rows], TWIN)] = True
        kept: list[int] = []
        for row in range(len(rows)):
            if not near[row, kept].any():
                kept.append(row)
        removed["near-identical, one class of one family"] += len(rows) - len(kept)
        for prefix in np.unique(drawings.set[rows[kept]]):
            mine = [int(rows[k]) for k in kept if drawings.set[rows[k]] == prefix]
            spread = np.unique(np.linspace(0, len(mine) - 1, min(PER_SET, len(mine))).round())
            keep += [mine[int(k)] for k in spread]
            removed["surplus of a set"] += len(mine) - len(spread)
    return drawings.take(np.sort(keep))


def split(drawings: Drawings, removed: Counter[str], config: SplitConfig) -> np.ndarray:
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
    sides = assign(counts, by_family, twins, config)[family]
    for side, others in ((1, (0,)), (2, (0, 1))):
        hit = np.isin(sides[columns], others) & (sides[rows] == side)
        dropped = np.unique(rows[hit])
        sides[dropped] = -1
        against = " and ".join(SIDES[other] for other in others)
        removed[f"near-identical, {SIDES[side]} against {against}"] = len(dropped)
    return sides


def arrays_of(drawings: Drawings, sides: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of ``icons.npz``, in canonical order: split, class, set, name."""
    kept = np.flatnonzero(sides >= 0)
    order = np.lexsort((drawings.name[kept], drawings.set[kept], drawings.label[kept], sides[kept]))
    drawings, sides = drawings.take(kept[order]), sides[kept[order]]
    classes = np.array(sorted(sources.read_labels()))
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
    signatures = np.stack([pictures.signature(image) for image in arrays["images"]])
    rows, columns = pictures.find_twins(signatures, TWIN)
    if (arrays["split"][rows] != arrays["split"][columns]).any():
        raise SystemExit("a picture has a twin on another side.")
    pairs = set(zip(arrays["designer"].tolist(), arrays["split"].tolist(), strict=True))
    if len(pairs) != len(arrays["designers"]):
        raise SystemExit("a designer family lies on two sides.")


def build(archive: Path, target: Path, notice: Path, processes: int) -> dict[str, Any]:
    """Write all outputs to ``target`` and return the report."""
    config = SplitConfig()
    drawings, index, removed = read_drawings(archive, processes)
    drawings = drop_family_twins(drop_identical(drawings, removed), removed)
    log.info("%d of the pictures are distinct", len(drawings))
    arrays = arrays_of(drawings, split(drawings, removed, config))
    verify(arrays, config)
    save_npz(target / "icons.npz", arrays)
    report = pages.report(arrays, index, removed) | {
        "thresholds": {
            "twin_correlation": TWIN,
            "most_pictures_of_a_class_from_a_set": PER_SET,
            "least_ink_pixels": pictures.LEAST_INK,
            "least_contrast": pictures.LEAST_CONTRAST,
            "least_pictures_of_a_class": dict(zip(SIDES, config.least, strict=True)),
            "split_shares": dict(zip(SIDES, config.shares, strict=True)),
            "split_seed": config.seed,
        },
        "package": f"{sources.PACKAGE} {sources.PACKAGE_VERSION}",
        "package_sha256": sources.PACKAGE_SHA256,
        "renderer": f"resvg-py {RESVG_VERSION}",
        "content_sha256": array_digest(*(arrays[name] for name in sorted(arrays))),
        "sha256": file_digest(target / "icons.npz"),
    }
    write_json(target / "report.json", report)
    pages.draw_thumbnails(arrays, target / "thumbnails.png")
    pages.replace_block(notice, pages.notice(arrays, index))
    pages.replace_block(target / "README.md", pages.numbers(report))
    return report


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, build, and compare if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
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
    with tempfile.TemporaryDirectory(prefix="icons-") as name:
        folder = Path(name)
        archive = sources.verified(options.package, folder)
        if not options.check:
            report = build(archive, sources.HERE, ROOT / "NOTICE", options.processes)
            log.info("%s  icons.npz", report["sha256"])
            return
        for file in (sources.HERE / "README.md", ROOT / "NOTICE"):
            write_text(folder / file.name, read_text(file))
        build(archive, folder, folder / "NOTICE", options.processes)
        shipped = {n: sources.HERE / n for n in ("icons.npz", "report.json", "README.md")}
        shipped |= {"thumbnails.png": sources.HERE / "thumbnails.png", "NOTICE": ROOT / "NOTICE"}
        differ = [n for n, path in shipped.items() if file_digest(path) != file_digest(folder / n)]
        if differ:
            sys.exit(f"built anew, these differ: {', '.join(differ)}")
        log.info("built anew, all %d files are the same, byte for byte", len(shipped))


if __name__ == "__main__":
    main()
