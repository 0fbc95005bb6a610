"""Take the picture of the explorer that the guide shows, in headless Chromium.

python docs/pictures/explorer.py
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from taxonomy.explorer import explore

HERE = Path(__file__).parent
NETWORKS = ("icons/tree", "icons/flat", "icons/flat-0.35x", "icons/flat-0.25x")
SIZE = 1440, 1010


def main() -> None:
    """Write the page, have it drawn, and keep the picture in few colours."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("This needs Chromium.")
    with tempfile.TemporaryDirectory() as folder:
        page = explore(NETWORKS).save(Path(folder) / "explorer.html")
        drawn = Path(folder) / "explorer.png"
        words = [
            *("--headless=new", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=4000"),
            *(f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={drawn}"),
        ]
        subprocess.run([browser, *words, page.as_uri()], check=True)
        picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
        picture.save(HERE / "explorer.png", optimize=True)


if __name__ == "__main__":
    main()
