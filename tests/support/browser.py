"""A real browser for the tests: headless Chromium on a folder that a server on loopback shows."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from taxonomy.export.to_browser import RUNTIME, RUNTIME_FILES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
SIZES = {"wide": (1200, 900), "phone": (390, 844)}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def shown(folder: Path) -> Iterator[str]:
    """Serve a folder for a block; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Run Chromium for a block, or skip the test where it or its driver is missing."""
    driver = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with driver.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


def runtime() -> Path:
    """Return the folder of onnxruntime-web's files, or skip the test where it is not given."""
    folder = Path(os.environ.get("ONNXRUNTIME_WEB", ""))
    if not all((folder / name).is_file() for name in RUNTIME_FILES):
        pytest.skip(f"needs ONNXRUNTIME_WEB, the folder dist of npm's {RUNTIME}")
    return folder


def opened(chromium: Any, size: str = "wide") -> tuple[Any, list[str]]:
    """Return a page, and a list to which whatever it complains of is added."""
    width, height = SIZES[size]
    page = chromium.new_page(viewport={"width": width, "height": height})
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return page, said
