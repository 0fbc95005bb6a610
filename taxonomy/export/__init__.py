"""Bundles: an expert with all that a device needs to run it and a person to judge it.

A bundle is a folder with the model in a target's format, ``labels.txt``, ``bundle.json``, a card
(``README.md``), a self-test and, for targets with a runtime of their own, ``run.py``. A bank
(`pack`) is one for devices that open other classes from day to day.

>>> sorted(TARGETS)
['browser', 'executorch', 'onnx', 'openvino', 'safetensors', 'tflite', 'torch-export']
"""

from taxonomy._core.registry import require

require("torch")
require("safetensors")

from taxonomy.export.bank import Bank, pack  # noqa: E402
from taxonomy.export.bundling import TARGETS, Bundle, bundle  # noqa: E402
from taxonomy.export.recommendation import Recommendation, Row  # noqa: E402
from taxonomy.export.recommending import recommend  # noqa: E402
from taxonomy.export.target import Target  # noqa: E402
from taxonomy.export.to_browser import Browser  # noqa: E402
from taxonomy.export.to_executorch import ExecuTorch  # noqa: E402
from taxonomy.export.to_onnx import ONNX  # noqa: E402
from taxonomy.export.to_openvino import OpenVINO  # noqa: E402
from taxonomy.export.to_safetensors import Safetensors  # noqa: E402
from taxonomy.export.to_tflite import TFLite  # noqa: E402
from taxonomy.export.to_torch_export import TorchExport  # noqa: E402

__all__ = [
    "ONNX",
    "TARGETS",
    "Bank",
    "Browser",
    "Bundle",
    "ExecuTorch",
    "OpenVINO",
    "Recommendation",
    "Row",
    "Safetensors",
    "TFLite",
    "Target",
    "TorchExport",
    "bundle",
    "pack",
    "recommend",
]
