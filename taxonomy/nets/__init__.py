"""Networks: trunks, packed branch levels, and the hierarchical network made of both."""

from taxonomy._core.registry import require

require("torch")
require("safetensors")

from taxonomy.nets.hierarchical import HierarchicalNet, build, load_net, save_net  # noqa: E402

__all__ = ["HierarchicalNet", "build", "load_net", "save_net"]
