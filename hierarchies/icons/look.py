"""Draw pictures at random to be looked at, and say how many were found wrong.

    python hierarchies/icons/look.py [icons-600] [--count 200] [--seed 0] [--sheets FOLDER]

With ``--sheets`` it writes contact sheets, each picture under the name of its class, and
``looked-at.csv`` beside the set with an empty column ``wrong``; whoever looks writes there what a
picture shows instead, where it does not show its class. Without, it reads that column and prints
the share with its 95 % interval.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
from pathlib import Path

import numpy as np
import pictures
from PIL import Image, ImageDraw, ImageFont

from taxonomy._core.io import load_npz, read_text, write_bytes, write_text
from taxonomy.data.icons import together
from taxonomy.export.figures import wilson

HIERARCHIES = Path(__file__).resolve().parents[1]
COLUMNS, ROWS, CELL, SCALE = 10, 5, 118, 3


def whole(name: str) -> dict[str, np.ndarray]:
    """Return all arrays of a set."""
    icons = load_npz(HIERARCHIES / "icons" / "icons.npz")
    return icons if name == "icons" else together(icons, load_npz(HIERARCHIES / name / "icons.npz"))


def sheet(arrays: dict[str, np.ndarray], rows: list[int], first: int) -> Image.Image:
    """Return one contact sheet: number, class and picture, three times as large."""
    page = Image.new("RGB", (COLUMNS * CELL, ROWS * (CELL + 8)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for place, row in enumerate(rows):
        left, top = place % COLUMNS * CELL, place // COLUMNS * (CELL + 8)
        name = arrays["classes"][arrays["label"][row]]
        draw.text((left + 3, top + 2), f"{first + place} {name}", "#a00", font)
        picture = Image.fromarray(pictures.on_white(arrays["images"][row].transpose(1, 2, 0)))
        side = SCALE * pictures.SIZE
        page.paste(picture.resize((side, side), Image.Resampling.NEAREST), (left + 8, top + 20))
    return page


def draw_sheets(name: str, count: int, seed: int, folder: Path) -> None:
    """Write the sheets, and the table to be filled in."""
    arrays = whole(name)
    draw = random.Random(seed)  # noqa: S311  the same stream in every version
    rows = sorted(draw.sample(range(len(arrays["label"])), count))
    folder.mkdir(parents=True, exist_ok=True)
    each = COLUMNS * ROWS
    for start in range(0, count, each):
        buffer = io.BytesIO()
        sheet(arrays, rows[start : start + each], start).save(buffer, "PNG")
        write_bytes(folder / f"sheet-{start // each}.png", buffer.getvalue())
    lines = ["number,class,set,icon,wrong"]
    for number, row in enumerate(rows):
        label, prefix = arrays["classes"][arrays["label"][row]], arrays["sets"][arrays["set"][row]]
        lines.append(f"{number},{label},{prefix},{arrays['name'][row]},")
    write_text(HIERARCHIES / name / "looked-at.csv", "\n".join(lines) + "\n")


def main() -> None:
    """Draw sheets, or count what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("set", nargs="?", default="icons-600", choices=("icons", "icons-600"))
    parser.add_argument("--count", type=int, default=200, help="pictures [200]")
    parser.add_argument("--seed", type=int, default=0, help="of the draw [0]")
    parser.add_argument("--sheets", type=Path, help="draw anew, into this folder")
    options = parser.parse_args()
    if options.sheets:
        draw_sheets(options.set, options.count, options.seed, options.sheets)
        return
    path = HIERARCHIES / options.set / "looked-at.csv"
    if not path.exists():
        sys.exit(f"{path}: nothing was looked at yet; draw pictures with `--sheets`.")
    rows = list(csv.DictReader(read_text(path).splitlines()))
    wrong = sum(bool(row["wrong"]) for row in rows)
    low, high = wilson(wrong, len(rows))
    print(f"{wrong} of {len(rows)} wrong: {wrong / len(rows):.1%} ({low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
