"""What is told about the dataset: report, notice, the README's numbers, a page of thumbnails."""

from __future__ import annotations

import io
import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pictures
from PIL import Image, ImageDraw, ImageFont
from splits import SIDES

from taxonomy._core.io import read_text, write_bytes, write_text

if TYPE_CHECKING:
    from pathlib import Path

Arrays = Mapping[str, np.ndarray]
Index = Mapping[str, Any]


def report(arrays: Arrays, index: Index, removed: Counter[str]) -> dict[str, Any]:
    """Return the counts of a build."""
    split, label, designer = arrays["split"], arrays["label"], arrays["designer"]
    by_class = np.zeros((len(arrays["classes"]), 3), np.int64)
    np.add.at(by_class, (label, split), 1)
    by_designer = np.bincount(designer, minlength=len(arrays["designers"]))
    members = {
        side: [str(arrays["designers"][d]) for d in np.unique(designer[split == k])]
        for k, side in enumerate(SIDES)
    }
    shared = set(members["train"]) & set(members["val"] + members["test"])
    shared |= set(members["val"]) & set(members["test"])
    style = np.stack([pictures.styles(image) for image in arrays["images"]])
    licences = Counter(
        index[str(arrays["sets"][s])]["license"]["spdx"] for s in arrays["set"].tolist()
    )
    return {
        "pictures": len(label),
        "classes": len(arrays["classes"]),
        "designers": len(arrays["designers"]),
        "sets": len(arrays["sets"]),
        "by_split": {s: int((split == k).sum()) for k, s in enumerate(SIDES)},
        "matched": removed["matched"],
        "left_out": {kind: n for kind, n in sorted(removed.items()) if kind != "matched"},
        "designers_shared_between_splits": sorted(shared),
        "style_by_split": {
            s: {
                name: round(float(style[split == k, column].mean()), 4)
                for column, name in enumerate(pictures.STYLES)
            }
            for k, s in enumerate(SIDES)
        },
        "licences": dict(sorted(licences.items())),
        "by_designer": {
            side: {
                name: int(by_designer[np.searchsorted(arrays["designers"], name)]) for name in names
            }
            for side, names in members.items()
        },
        "by_class": {
            str(name): dict(zip(SIDES, counts.tolist(), strict=True))
            for name, counts in zip(arrays["classes"], by_class, strict=True)
        },
    }


def notice(name: str, arrays: Arrays, index: Index, values: int) -> str:
    """Return the credit of every set that the pictures of ``name`` come from."""
    counts = np.bincount(arrays["set"], minlength=len(arrays["sets"]))
    how = "at 32 by 32 pixels" + f" with {values} values a channel" * (values < 256)
    said = (
        f"The pictures are icons of the sets below, rendered {how} and otherwise unchanged; each "
        "set stays under its own licence. The licences' texts lie at the addresses given. The sets "
        "were read from the npm package @iconify/json."
    )
    lines = [f"Icons (hierarchies/{name}/icons.npz)", "", *textwrap.wrap(said, 90), ""]
    for prefix, count in zip(arrays["sets"], counts, strict=True):
        entry = index[str(prefix)]
        author, licence = entry["author"], entry["license"]
        lines += [
            f"{entry['name']} ({prefix}), {count} picture{'s' * int(count != 1)}",
            f"  by {author['name']}, {author.get('url', 'no address given')}",
            f"  {licence['title']} ({licence['spdx']}), {licence.get('url', 'no address given')}",
            "",
        ]
    return "\n".join(lines)


def numbers(report: Mapping[str, Any]) -> str:
    """Return the README's numbers as Markdown."""
    splits = report["by_split"]
    lines = ["| side | pictures | designers | in colour | filled |", "|---|---|---|---|---|"]
    for side in SIDES:
        style = report["style_by_split"][side]
        share = splits[side] / report["pictures"]
        lines.append(
            f"| {side} | {splits[side]:,} ({share:.1%}) | {len(report['by_designer'][side])} "
            f"| {style['colour']:.1%} | {style['filled']:.1%} |"
        )
    licences = ", ".join(f"{name} {count:,}" for name, count in report["licences"].items())
    lines += ["", "Pictures by licence: " + licences + ".", ""]
    lines += [f"Of {report['matched']:,} icons with the name of a class were left out:", ""]
    lines += ["| reason | icons |", "|---|---|"]
    lines += [f"| {kind} | {count:,} |" for kind, count in report["left_out"].items()]
    return "\n".join(lines)


def replace_block(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the marker lines of a set in a file; at its end if it has none."""
    first = f"<!-- {name}: made by hierarchies/icons/build.py from here -->"
    last = f"<!-- {name}: to here -->"
    old = read_text(path) if path.exists() else ""
    before, begin, rest = old.partition(first)
    after = rest.partition(last)[2] if begin else "\n"
    if not begin and before.strip():
        before = before.rstrip() + "\n\n"
    write_text(path, f"{before}{first}\n\n{text.strip()}\n\n{last}{after}")


def draw_thumbnails(
    arrays: Arrays, path: Path, rows: int = 20, columns: int = 3, each: int = 9
) -> None:
    """Draw a page of classes, each by several designers of all sides."""
    cell, title, gap = 38, 128, 26
    width = columns * (title + each * cell) + (columns + 1) * gap
    page = Image.new("RGB", (width, rows * cell + 2 * gap), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    total = len(arrays["classes"])
    for k in range(rows * columns):
        label = k * total // (rows * columns)
        left = gap + (k // rows) * (title + each * cell + gap)
        top = gap + (k % rows) * cell
        name = str(arrays["classes"][label]).replace("-", " ")
        draw.text((left, top + cell // 2), name, "#333", font, anchor="lm")
        for place, row in enumerate(_samples(arrays, label, each)):
            planes = arrays["images"][row].transpose(1, 2, 0)
            picture = Image.fromarray(pictures.on_white(planes))
            page.paste(picture, (left + title + place * cell + 3, top + 3))
    buffer = io.BytesIO()
    page.save(buffer, "PNG", optimize=True)
    write_bytes(path, buffer.getvalue())


def _samples(arrays: Arrays, label: int, each: int) -> list[int]:
    """Return rows of a class by different designers, a third of them in colour."""
    rows = np.flatnonzero(arrays["label"] == label)
    _, first = np.unique(arrays["designer"][rows], return_index=True)
    rows = rows[np.sort(first)]
    colour = np.array([pictures.styles(arrays["images"][r])[0] for r in rows])
    bright, plain = rows[colour], rows[~colour]
    some = min(len(bright), each // 3)
    pick = [bright[i * len(bright) // some] for i in range(some)]
    rest = min(len(plain), each - some)
    pick += [plain[i * len(plain) // rest] for i in range(rest)]
    return [int(row) for row in pick]
