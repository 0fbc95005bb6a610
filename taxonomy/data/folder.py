"""A folder of class folders, the layout of ImageNet: ``ROOT/CLASS/*`` or ``ROOT/train/CLASS/*``."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.errors import DataError
from taxonomy._core.folders import (
    SPLITS,
    is_folder,
    is_ignored,
    split_folders,
    subfolders,
    unwrapped,
)
from taxonomy._core.spelling import composed, counted
from taxonomy.data._decode import size_of, suffixes
from taxonomy.data._decoded import Encoded, Unreadable, decoded
from taxonomy.data._groups import GroupOf, group_reader
from taxonomy.data._pictures import Pictures
from taxonomy.data._splits import Policy, Rule, drawn_in_three, rules
from taxonomy.data.preprocessing import Preprocessing

log = logging.getLogger(__name__)

PICTURE_FOLDERS = {"images", "image", "imgs", "img", "pictures", "photos", "jpg", "jpeg", "png"}
"""Names of a folder in a class folder, as its only content, that are surely no class's own."""


class File(NamedTuple):
    """One picture's file; sorting files puts the pictures of a split, and of a class, together."""

    split: int
    name: str
    key: str
    path: Path
    size: int
    modified: int
    group: str = ""


@dataclass(frozen=True)
class ImageFolder:
    """Pictures in class folders; the folder's name is the label id.

    Folders ``train``, ``val`` and ``test`` are the splits; other usual names, such as
    ``validation`` or ``Testing``, mean the same. Without ``test``, as in ImageNet, the policy
    ``auto`` takes ``val`` for the test split and draws a validation split from ``train``. Without
    any of them, each picture's split is drawn: 70 % training, 15 % validation, 15 % test. Drawing
    is by a digest of class and file name, so adding pictures moves no other one.

    Every format that Pillow reads by itself is read, by the files' endings; pictures in folders
    inside a class folder are of that class. What is left out is counted in a warning. A folder
    that holds nothing but another one, as unpacked archives often do, is seen through.

    Every picture is decoded once, into a mapped file in the cache folder, keyed by the paths,
    sizes and times of all files and by the options; pictures may be larger than memory.

    Variants of one original, such as crops or frames of one film, would leak from one split into
    another; ``groups`` keeps them together.

    Args:
        root: the folder.
        resolution: pictures are scaled to cover a square of this side and cropped in the centre.
        splits: ``auto``, or ``named`` to keep the folders' names as they are.
        held_out: share of ``train`` drawn for validation where needed.
        groups: which pictures are of one original: a regular expression searched for in a
            picture's path inside its class's folder, whose first group or whole match is the
            original's name, such as ``(.*)_v[0-9]``; or a CSV file with the columns file and group.
        unreadable: ``refuse``, or ``skip`` to leave out pictures that cannot be read.
        cache: folder of decoded pictures; empty for $TAXONOMY_CACHE or the platform's.
        workers: threads that decode; 0 for one a core.
    """

    root: str = ""
    resolution: int = 32
    splits: Policy = "auto"
    held_out: float = 0.05
    groups: str = ""
    unreadable: Unreadable = "refuse"
    cache: str = ""
    workers: int = 0

    def __call__(self) -> Pictures:
        """Read the cache, or decode every picture into it.

        Raises:
            DataError: no picture, a picture that cannot be read, a class without pictures, or no
                space for the cache.
            MissingExtraError: Pillow is not installed.
        """
        check_options(self, DataError)
        if not self.root:
            raise DataError("The data set 'folder' needs a folder (`root`).")
        root = Path(self.root)
        if not root.is_dir():
            raise DataError(f"{root}: no such folder.")
        if self.resolution < 1:
            raise DataError(f"The resolution is {self.resolution} pixels; give at least 1.")
        if self.workers < 0:
            raise DataError(f"The option `workers` is {self.workers}; give 0 or more.")
        files, preprocessing = self.files(), Preprocessing(self.resolution)
        how = ["folder", self.resolution, self.splits, self.held_out]
        how += [self.groups] if self.groups else []
        encoded = Encoded(
            source=io.digest([str(root.resolve()), *how]),
            content=io.digest([_listing_digest(files), *how]),
            labels=[file.name for file in files],
            splits=[file.split for file in files],
            groups=[file.group for file in files],
            load=lambda row: preprocessing.picture(files[row].path),
            where=lambda row: str(files[row].path),
        )
        return decoded(encoded, self.resolution, self.unreadable, self.cache, self.workers)

    def files(self) -> list[File]:
        """Return all picture files, sorted by split, class and name.

        Raises:
            DataError: there are none, a class folder holds none, it is not clear what a folder
                means, or one cannot be read.
        """
        listing = self.listing()
        listing.report()
        return sorted(listing.found)

    def listing(self) -> Listing:
        """Return what the folder holds, without a word in the log.

        Raises:
            DataError: as `files`.
        """
        try:
            return self._listing()
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be read ({error.strerror}).") from error

    def typical_side(self) -> int:
        """Return the median shorter side, in pixels, of up to 25 of the pictures; 0 if unknown."""
        files = self.files()
        sizes = [size_of(file.path) for file in files[:: max(1, len(files) // 25)]]
        sides = sorted(min(size) for size in sizes if size)
        return sides[len(sides) // 2] if sides else 0

    def _listing(self) -> Listing:
        root = unwrapped(Path(self.root))
        named = split_folders(root)
        listing = Listing(root, group_reader(self.groups) if self.groups else None)
        listing.drawn = not named
        if named:
            listing.beside = sorted(set(subfolders(root)) - {p.name for p in named.values()})
            for split, rule in rules(named, self.splits, self.held_out, str(root)).items():
                listing.add(named[split], rule)
            _refuse_untrained(named)
        else:
            listing.add(root, drawn_in_three)
        if not listing.found:
            raise DataError(f"{root}: holds no pictures; expected {root}/CLASS/picture.png.")
        return listing


class Listing:
    """Picture files found so far, and what was left out, by kind.

    Args:
        root: the folder that holds splits or classes.
        group_of: what tells a picture's group; None where there are no groups.

    Attributes:
        found: the pictures.
        drawn: whether their splits are drawn, there being no folders of splits.
        left_out: how many files were left out, by what they are.
        nested: how many pictures lie in folders inside a class folder, by that folder.
        beside: names of folders beside those of the splits.
    """

    def __init__(self, root: Path, group_of: GroupOf | None = None) -> None:
        self.root = root
        self.group_of = group_of
        self.drawn = False
        self.beside: list[str] = []
        self.found: list[File] = []
        self.left_out: Counter[str] = Counter()
        self.nested: Counter[str] = Counter()

    def add(self, base: Path, rule: Rule) -> None:
        """Add the pictures of all class folders in a folder.

        Raises:
            DataError: a class folder has none, or loose pictures have no class folder.
        """
        names = subfolders(base)
        if not names and any(_is_picture(path.name) for path in base.iterdir()):
            raise DataError(
                f"{base}: holds pictures but no class folders. Move each picture into the folder "
                f"of its class: {base}/CLASS/picture.jpg (for ImageNet's validation pictures the "
                "development kit lists their classes)."
            )
        known: dict[str, str] = {}
        for name in names:
            if (other := known.setdefault(composed(name), name)) != name:
                raise DataError(
                    f"{base}: the folders {other!a} and {name!a} are the same class "
                    f"{composed(name)!r} written with other characters; put them together."
                )
            self._add_class(base, name, rule)

    def _add_class(self, base: Path, name: str, rule: Rule) -> None:
        before = len(self.found)
        for path, entry in self._pictures(base / name, ()):
            inner = "/".join(path.relative_to(base / name).parts)
            # Composed, so that a picture is in the same split whatever system it lies on.
            key = f"{composed(name)}/{composed(inner)}"
            group = self.group_of(composed(name), composed(inner)) if self.group_of else ""
            split, state = SPLITS.index(rule(group or key)), entry.stat()
            facts = (state.st_size, state.st_mtime_ns, group)
            file = File(split, composed(name), key, path, *facts)
            self.found.append(file)
            if "/" in inner:
                self.nested[str(path.parent)] += 1
        inside = subfolders(base / name)
        loose = any(file.path.parent == base / name for file in self.found[before:])
        if not loose and any(folder.casefold() not in PICTURE_FOLDERS for folder in inside):
            raise DataError(
                f"{base / name}: the class folder holds folders ({', '.join(inside[:5])}"
                f"{', …' * (len(inside) > 5)}) and no pictures. If these are the classes, give "
                f"{base / name} as the data, or move them up; else move their pictures up."
            )
        if len(self.found) == before:
            raise DataError(
                f"{base / name}: the class folder holds no pictures{self._endings(base / name)}; "
                "fill or remove it."
            )

    def _pictures(
        self, folder: Path, above: tuple[tuple[int, int], ...]
    ) -> Iterator[tuple[Path, os.DirEntry[str]]]:
        """Yield the pictures of a folder and of those in it, none twice where links form a ring."""
        state = folder.stat()
        here = (state.st_dev, state.st_ino)
        if here in above:
            self.left_out["links to a folder above"] += 1
            return
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if is_ignored(entry.name):
                    continue
                if is_folder(entry):
                    yield from self._pictures(folder / entry.name, (*above, here))
                elif not _is_file(entry):
                    self.left_out["broken links"] += 1
                elif _is_picture(entry.name):
                    yield folder / entry.name, entry
                else:
                    self.left_out[Path(entry.name).suffix.lower() or "without an ending"] += 1

    def _endings(self, folder: Path) -> str:
        kinds = sorted({path.suffix.lower() for path in folder.iterdir() if path.is_file()} - {""})
        return f" of a kind that is read (there are {', '.join(kinds[:5])})" if kinds else ""

    def report(self) -> None:
        """Say in one line each what was left out, and which folders inside class folders count."""
        root = self.root
        if self.beside:
            log.warning("%s: no splits, and left out: %s.", root, ", ".join(self.beside))
        if self.left_out:
            total = len(self.found) + self.left_out.total()
            kinds = ", ".join(f"{kind} ({n})" for kind, n in self.left_out.most_common(8))
            log.warning(
                "%s: %d of %d files are left out, being of kinds that are not read: %s.",
                *(root, self.left_out.total(), total, kinds),
            )
        if self.group_of is not None:
            self._report_groups(root)
        if self.nested:
            log.warning(
                "%s: %s deeper than the folder of a class, as in %s, and of that class.",
                root,
                counted(self.nested.total(), "picture lies", "pictures lie"),
                min(self.nested),
            )

    def _report_groups(self, root: Path) -> None:
        """Say how many groups there are, and of how many no split is made up of whole ones."""
        splits: defaultdict[str, set[int]] = defaultdict(set)
        for file in self.found:
            splits[file.group].add(file.split)
        alone = sum(not file.group for file in self.found)
        torn = [group for group, of in splits.items() if group and len(of) > 1]
        if alone == len(self.found):
            raise DataError(
                f"{root}: `groups` finds no picture's group; the first is {min(self.found).key!r}."
            )
        log.info(
            "%s: %d groups of pictures; %d pictures are in none.",
            root,
            len(splits) - bool(alone),
            alone,
        )
        if torn:
            log.warning(
                "%s: %d groups have pictures in several of the folders that name the splits, "
                "first %s; what is tested on is then known from training.",
                *(root, len(torn), min(torn)),
            )


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself
        return False


def _is_picture(name: str) -> bool:
    return not is_ignored(name) and name.lower().endswith(suffixes())


def _listing_digest(files: list[File]) -> str:
    state = hashlib.sha256()
    for file in files:
        line = f"{file.split}\0{file.path.parent.parent.name}\0{file.key}\0"
        group = f"\0{file.group}" if file.group else ""
        state.update(os.fsencode(f"{line}{file.size}\0{file.modified}{group}\n"))
    return state.hexdigest()


def _refuse_untrained(named: dict[str, Path]) -> None:
    """Refuse classes that only another split has.

    Raises:
        DataError: there are some.
    """
    known = {composed(name) for name in subfolders(named["train"])}
    for path in named.values():
        for name in subfolders(path):
            if composed(name) not in known:
                raise DataError(
                    f"{path / name}: the class has no folder in {named['train']}; add training "
                    "pictures, or remove the folder."
                )
