"""Read the icon package: licences, sets, and the icons whose names are class names."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).resolve().parent
PACKAGE = "@iconify/json"
PACKAGE_VERSION = "2.2.535"
PACKAGE_SHA256 = "1a545f86fa224d6531d8fb101dcbe83aac2b28689a21cbed6fc68318a5af4d91"

#: SPDX names of the licences that let pictures be passed on with attribution.
LICENCES = frozenset(
    {
        "Apache-2.0",
        "BSD-3-Clause",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MPL-2.0",
        "OFL-1.1",
        "Unlicense",
    }
)

_STYLES = """
alt baseline black bold broken bx bxs color colour duo duotone expressive fill filled filling flat
glyph heavy ios light line linear md medium mini minimalistic outline outlined regular remix round
rounded semibold sharp solid stroke thin twotone v1 v2 variant 12px 16px 20px 24px 32px 48px
"""
#: Words of an icon's name that tell its style or size, not what it shows.
STYLE_WORDS = frozenset(_STYLES.split())
#: Words that count variants or name styles only behind the thing (`dice-five`, not `five-key`).
TRAILING_WORDS = frozenset({"f", "o", "r", "t", "one", "two", "three", "four", "five", "six"})

Json = dict[str, Any]


@dataclass(frozen=True)
class Icon:
    """An icon whose name is a class name, and the SVG text that draws it."""

    label: str
    set: str
    name: str
    svg: str


def fetch(folder: Path) -> Path:
    """Download the pinned package into ``folder`` and return the archive's path."""
    spec = f"{PACKAGE}@{PACKAGE_VERSION}"
    subprocess.run(["npm", "pack", spec, "--silent"], cwd=folder, check=True)
    return next(folder.glob("*.tgz"))


def verified(package: Path | None, folder: Path) -> Path:
    """Return the package's archive, downloaded if ``package`` is None, with its sha256 checked.

    Raises:
        SystemExit: the archive is another one than the pinned.
    """
    archive = package or fetch(folder)
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGE_SHA256:
        raise SystemExit(
            f"{archive}: sha256 is {found}, expected {PACKAGE_SHA256}; get the archive with "
            f"`npm pack {PACKAGE}@{PACKAGE_VERSION}`."
        )
    return archive


def read_labels(folder: Path = HERE) -> dict[str, list[str]]:
    """Return every class's normalised icon names, those of ``corrections.toml`` included."""
    also = read_corrections(folder)["also"]
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["id"]: row["icon_names"].split() + also.get(row["id"], [])
            for row in csv.DictReader(file)
        }


def read_toml(name: str, folder: Path = HERE) -> Json:
    """Read one of a set's tables; of the icons, if no folder is given."""
    return tomllib.loads((folder / name).read_text(encoding="utf-8"))


def read_corrections(folder: Path = HERE) -> Json:
    """Return which names also count and which mislead, by class: the icons', and a set's own."""
    found: Json = {"also": {}, "not": {}}
    for place in dict.fromkeys((HERE, folder)):
        table = read_toml("corrections.toml", place)
        for kind, by_class in found.items():
            by_class |= table.get(kind, {})
    return found


def normalise(name: str) -> str:
    """Return an icon's name without style words, sizes and variant numbers.

    >>> normalise("outline-shopping-cart-01")
    'shopping_cart'
    >>> normalise("light-bulb-24-regular")
    'bulb'
    """
    words = name.replace("_", "-").replace("two-tone", "").split("-")
    words = [w for w in words if w and not w.isdigit() and w not in STYLE_WORDS]
    while len(words) > 1 and words[-1] in TRAILING_WORDS:
        words.pop()
    return "_".join(words)


def read_sets(archive: Path, unused: Mapping[str, str]) -> tuple[Json, dict[str, Json]]:
    """Read ``collections.json`` and the sets that may be passed on and are not ``unused``."""
    with tarfile.open(archive, "r:gz") as package:
        members = {member.name: member for member in package}
        index = _load(package, members["package/collections.json"])
        wanted = {
            f"package/json/{prefix}.json": prefix
            for prefix, collection in index.items()
            if collection["license"].get("spdx") in LICENCES and prefix not in unused
        }
        # In the archive's order: going back in a gzip stream means starting it again.
        sets = {wanted[name]: _load(package, members[name]) for name in members if name in wanted}
    return index, sets


def _load(package: tarfile.TarFile, member: tarfile.TarInfo) -> Json:
    file = package.extractfile(member)
    if file is None:
        raise SystemExit(f"{member.name}: not a file.")
    found: Json = json.load(file)
    return found


def find_icons(sets: Mapping[str, Json], folder: Path = HERE) -> Iterator[Icon]:
    """Yield the icons whose normalised names are class names and that show the class.

    Aliases that only rename an icon of the same class are left out, and so are animated icons,
    whose first frame is often empty.
    """
    label_of = {name: label for label, names in read_labels(folder).items() for name in names}
    wrong = read_corrections(folder)["not"]
    for prefix, icons in sorted(sets.items()):
        seen: set[tuple[str, str]] = set()
        # Icons before their aliases, so that a picture carries its own name.
        for name in [*sorted(icons["icons"]), *sorted(icons.get("aliases", {}))]:
            label = label_of.get(normalise(name))
            if label is None or is_wrong(f"{prefix}:{name}", wrong.get(label, {})):
                continue
            icon = _resolve(icons, name)
            if (label, icon["source"]) in seen or "<animate" in icon["body"]:
                continue
            seen.add((label, icon["source"]))
            yield Icon(label, prefix, name, _svg(icon))


def is_wrong(icon: str, patterns: Mapping[str, list[str]]) -> bool:
    """Tell whether an icon, ``set:name``, fits one of the patterns listed under the reasons."""
    return any(fnmatchcase(icon, pattern) for listed in patterns.values() for pattern in listed)


def _resolve(icons: Json, name: str) -> Json:
    """Return an icon's body and box; an alias takes its parent's and may turn or flip it."""
    chain: list[Json] = []
    while name not in icons["icons"]:
        chain.append(icons["aliases"][name])
        name = chain[-1]["parent"]
    box = {"left": 0, "top": 0, "width": icons.get("width", 16), "height": icons.get("height", 16)}
    merged = {**box, **icons["icons"][name]}
    turned = False
    for alias in reversed(chain):
        turned |= any(alias.get(key) for key in ("hFlip", "vFlip", "rotate"))
        merged |= {key: value for key, value in alias.items() if key in box}
    return merged | {"source": f"{name}{' turned' * turned}"}


def _svg(icon: Json) -> str:
    """Return the SVG text of an icon, black where the set leaves the colour to the page."""
    left, top, width, height = (icon[key] for key in ("left", "top", "width", "height"))
    side = max(width, height)
    box = f"{left - (side - width) / 2:g} {top - (side - height) / 2:g} {side:g} {side:g}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="32" height="32" viewBox="{box}" color="#000">{icon["body"]}</svg>'
    )
