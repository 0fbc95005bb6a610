"""Networks: trunks, packed branch levels, and the hierarchical network made of both."""

from taxonomy._core.registry import require

require("torch")
require("safetensors")

from taxonomy.nets.experts import chosen_classes, describe_expert, extract  # noqa: E402
from taxonomy.nets.hierarchical import HierarchicalNet, build_net, get_net, save_net  # noqa: E402
from taxonomy.nets.predicting import predict  # noqa: E402

__all__ = [
    "HierarchicalNet",
    "build_net",
    "chosen_classes",
    "describe_expert",
    "extract",
    "get_net",
    "predict",
    "save_net",
]
