"""`program`: the program that runs a bundle on a device, with numpy and a runtime alone."""

from __future__ import annotations

from importlib.resources import files

RUNTIMES = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}
"""The package that runs a target's models, by the target's name."""


def program(target: str) -> bytes:
    """Return the text of ``run.py`` for a target: one for all, but for how a model is opened.

    Args:
        target: one of `RUNTIMES`.
    """
    here = files(__package__)
    opened = here.joinpath(f"run_{target}.txt").read_text(encoding="utf-8").strip()
    text = here.joinpath("run.txt").read_text(encoding="utf-8")
    return text.replace("@RUNTIME@", RUNTIMES[target]).replace("@OPENED@", opened).encode()
