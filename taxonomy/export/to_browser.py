"""A `Graph` for a browser: ONNX, with a page that runs it by onnxruntime-web."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from taxonomy._core.errors import ExportError
from taxonomy.export.target import LOCAL
from taxonomy.export.to_onnx import ONNX
from taxonomy.nets.hierarchical import HierarchicalNet

RUNTIME = "onnxruntime-web 1.30.0"
"""The package of npm that pages are tested with."""

RUNTIME_FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""Its files that a page loads, from its own folder; nothing comes from another server."""

PAGE = "index.html"


@dataclass(frozen=True)
class Browser(ONNX):
    """A folder to be put on any web server: a page that names the pictures dropped on it.

    Pictures stay in the browser. The page prepares them as training did: one without transparent
    parts is scaled to the bytes that Pillow makes of it, or one off where newer versions of that
    scale a narrow picture down before they scale it across.

    Args:
        input: ``uint8`` for bytes from 0 to 255, or ``float`` for numbers from 0 to 1.
        batch: 1, or 0 for models that take any number; a page sends one picture.
        lowering: how the nodes of a level are run, see `taxonomy.export.packs`.
        precision: ``float``, or ``int8`` for weights and activations in whole numbers: a third of
            the bytes, or less.
        allowed_loss: points of accuracy that int8 may lose on validation pictures.
        least_agreement: share of those pictures that int8 must answer as floats do.
        web_runtime: folder of onnxruntime-web's files, such as
            node_modules/onnxruntime-web/dist, which are put beside the page; where left out,
            whoever serves the page puts them there.

    Raises:
        ExportError: an option of another kind, a batch of several, or a file of the runtime that
            is not in that folder.
    """

    web_runtime: str = field(default="", metadata=LOCAL)

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        if self.batch > 1:
            raise ExportError(f"`batch` is {self.batch}; a page sends one picture: give 1 or 0.")
        for name in RUNTIME_FILES if self.web_runtime else ():
            if not (Path(self.web_runtime) / name).is_file():
                raise ExportError(
                    f"{self.web_runtime}: holds no {name}; give as `web_runtime` the folder dist "
                    f"of npm's {RUNTIME}."
                )

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the file of a network or an expert; the same network gives the same bytes.

        Where the lowering is left to this, it is ``grouped``: of the three it is the fastest there
        or 3 % slower (``analysis/bench/browser.py``).

        Raises:
            ExportError: it has parts that are not exported.
            MissingExtraError: onnx is not installed.
        """
        lowering = "grouped" if self.lowering == "auto" else self.lowering
        return ONNX(self.input, self.batch, lowering).model(net)

    def others(self, net: HierarchicalNet) -> dict[str, bytes]:
        """Return further files, by name: the page, the program for Python, and the runtime."""
        made = {**super().others(net), PAGE: page().encode()}
        for name in RUNTIME_FILES if self.web_runtime else ():
            made[name] = (Path(self.web_runtime) / name).read_bytes()
        return made


def page() -> str:
    """Return the page, the same for every expert: it reads labels and sizes from ``bundle.json``.

    Its policy lets the browser run its own script and the runtime beside it, and ask no other
    server for anything.
    """
    text = files(__package__).joinpath("browser.html").read_text(encoding="utf-8")
    text = text.replace("@RUNTIME@", RUNTIME).replace("@FILES@", ", ".join(RUNTIME_FILES))
    hashes = inline_hashes(text)
    return text.replace(
        "@POLICY@",
        f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {hashes['script']}; "
        f"style-src {hashes['style']}; img-src blob:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'",
    )


def inline_hashes(text: str) -> dict[str, str]:
    """Return by which a page's policy names its one inline ``script`` and ``style``."""
    found = {}
    for tag in ("script", "style"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        found[tag] = f"'sha256-{digest}'"
    return found
