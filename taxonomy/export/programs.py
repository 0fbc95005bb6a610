"""The programs that run bundles and banks on a device, with numpy and a runtime alone."""

from __future__ import annotations

from importlib.resources import files

RUNTIMES = {
    "executorch": "executorch",
    "onnx": "onnxruntime",
    "openvino": "openvino",
    "tflite": "ai-edge-litert",
    "torch-export": "torch",
}
"""The package that runs a target's models, by the target's name."""

BESIDE = {"executorch": ("torch",)}
"""What a runtime imports and does not bring, by its package."""


def program(runtime: str) -> bytes:
    """Return the text of ``run.py`` for a runtime: one for all, but for how a model is opened.

    Args:
        runtime: one of the packages in `RUNTIMES`.
    """
    (target,) = (name for name, package in RUNTIMES.items() if package == runtime)
    text = _text("run").replace("@RUNTIME@", runtime)
    return (
        text.replace("@OPENED@", _text(f"run_{target.replace('-', '_')}"))
        .replace("@READ@", _picture())
        .encode()
    )


def bank_program() -> bytes:
    """Return the text of ``bank.py``, which reads pictures as ``run.py`` does."""
    return _text("bank").replace("@READ@", _picture()).encode()


def _picture() -> str:
    return _text("run_picture")


def _text(name: str) -> str:
    text = files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    return text.strip() + ("\n" if name in ("run", "bank") else "")
