"""Class-aware structured pruning by the package torch-pruning, and what a study needs around it.

A network is pruned in the form it is exported in: its lowered graph as plain layers (`Plain`), each
convolution with a normalisation behind it again, for tuning. Afterwards the graph is written
by the exporter that writes every other network, so that bytes and times compare.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from taxonomy.data import Pictures, Preprocessing
from taxonomy.export.graph import Graph, Part, Port, Step
from taxonomy.export.lower import lower
from taxonomy.export.target import INPUT, OUTPUT
from taxonomy.export.to_onnx import metadata, written
from taxonomy.nets import HierarchicalNet
from taxonomy.nets.inputs import to_input
from taxonomy.training import Augment, Objective, TrainConfig
from taxonomy.training.augment import augmented
from taxonomy.training.config import one_cycle
from taxonomy.training.loop import batches, make_optimizer
from taxonomy.training.objectives import Loss
from taxonomy.trees.hierarchy import Hierarchy

WHITE = 255
AT_ONCE, PARTS = 64, 2
"""Pictures of a batch, and batches, that a step of pruning reads."""
SEEN = 512
"""At most so many training pictures set the normalisations' statistics."""

Teacher = Callable[[Tensor], Tensor]


class Plain(nn.Module):
    """A lowered graph as torch layers, with the encoded picture as its input.

    Args:
        graph: of convolutions, products and what has no weights, for channel values from 0 to 1.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.layers = nn.ModuleDict()
        for step in graph.steps:
            if step.kind == "convolution":
                self.layers[step.output] = nn.Sequential(_convolution(step), nn.Identity())
            elif step.kind == "product":
                self.layers[step.output] = _product(step)

    @classmethod
    def of(cls, net: HierarchicalNet) -> Plain:
        """Return a network as plain layers, its nodes one beside the other."""
        return cls(lower(net, "sliced", white=1)).eval()

    def forward(self, x: Tensor) -> Tensor:
        """Map encoded pictures (B, 3, side, side) to logits (B, classes)."""
        values = {"input": x / Preprocessing().scale}
        made = values["input"]
        for step in self.graph.steps:
            read = [values[name] for name in step.inputs]
            if step.output in self.layers:
                made = self.layers[step.output](read[0])
            else:
                made = PLAIN[step.kind](read)
            values[step.output] = made
        return made

    @torch.no_grad()
    def normalise(self, pictures: Tensor) -> None:
        """Put a normalisation behind every convolution, set so that the answers stay the same.

        Args:
            pictures: encoded ones, whose means and variances it is set by.
        """

        def put(layer: nn.Module, _: object, made: Tensor) -> None:
            norm = nn.BatchNorm2d(made.shape[1])
            variance, mean = torch.var_mean(made, (0, 2, 3))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.bias.copy_(mean)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norms[layer] = norm

        norms: dict[nn.Module, nn.Module] = {}
        pairs = [pair for pair in self.layers.values() if isinstance(pair, nn.Sequential)]
        hooks = [pair[0].register_forward_hook(put) for pair in pairs]
        self(pictures)
        for hook, pair in zip(hooks, pairs, strict=True):
            hook.remove()
            pair[1] = norms[pair[0]]
        self.eval()

    def lowered(self) -> Graph:
        """Return the graph with the layers' weights as they are, their normalisations folded."""
        steps = []
        for step in self.graph.steps:
            layer = self.layers[name] if (name := step.output) in self.layers else None
            if isinstance(layer, nn.Sequential):
                weight, bias = _folded(layer)
                arrays, groups = {"weight": weight, "bias": bias}, layer[0].groups
                settings = {**step.settings, "groups": groups}
                step = replace(step, arrays=arrays, channels=len(bias), settings=settings)
            elif layer is not None:
                weight, bias = (p.detach().numpy() for p in layer.parameters())
                arrays = {"weight": np.ascontiguousarray(weight.T), "bias": bias}
                step = replace(step, arrays=arrays)
            steps.append(step)
        return replace(self.graph, steps=tuple(steps))


PLAIN: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "subtract": lambda read: read[0],  # white is 0 in encoded pictures already
    "relu": lambda read: nn.functional.relu(read[0]),
    "gelu": lambda read: nn.functional.gelu(read[0]),
    "add": lambda read: read[0] + read[1],
    "average": lambda read: read[0].mean((2, 3)),
    "flatten": lambda read: read[0],
    "join": lambda read: torch.cat(read, 1),
}
"""What steps without weights do."""


def _convolution(step: Step) -> nn.Conv2d:
    weight, settings = step.arrays["weight"], step.settings
    top, left, bottom, right = settings["pads"]
    assert top == bottom == left == right, "all edges are padded alike"
    groups, kernel = settings["groups"], weight.shape[2:]
    layer = nn.Conv2d(weight.shape[1] * groups, len(weight), kernel, groups=groups)
    layer.stride, layer.padding = (settings["stride"],) * 2, (top, top)
    return _filled(layer, weight, step.arrays["bias"])


def _product(step: Step) -> nn.Linear:
    weight = step.arrays["weight"].T
    return _filled(nn.Linear(weight.shape[1], len(weight)), weight, step.arrays["bias"])


def _filled(layer, weight: np.ndarray, bias: np.ndarray):
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer


@torch.no_grad()
def _folded(pair: nn.Sequential) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and bias of a convolution with what is behind it."""
    layer, norm = pair
    weight, bias = layer.weight.double(), layer.bias.double()
    if isinstance(norm, nn.BatchNorm2d):
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        weight = weight * scale[:, None, None, None]
        bias = (bias - norm.running_mean.double()) * scale + norm.bias.double()
    return weight.float().numpy(), bias.float().numpy()


def onnx_of(graph: Graph) -> bytes:
    """Return the ONNX file of a graph for channel values from 0 to 1: one that reads bytes."""
    steps, first = [], True
    for step in graph.steps:
        if step.kind == "subtract":
            step = replace(step, settings={"number": step.settings["number"] * WHITE})
        elif step.kind == "convolution" and first:
            weight = step.arrays["weight"] / np.float32(WHITE)
            step, first = replace(step, arrays={**step.arrays, "weight": weight}), False
        steps.append(step)
    shape = (graph.channels, graph.resolution, graph.resolution)
    logits = Port(steps[-1].output, OUTPUT, (len(graph.classes),))
    part = Part(tuple(steps), (Port("input", INPUT, shape),), (logits,))
    return written(part, True, 1, metadata(graph.classes, True))


def counted(graph: Graph) -> tuple[int, int]:
    """Return MACs of one picture and parameters of a graph's convolutions and products."""
    sides, macs, params = {"input": graph.resolution}, 0, 0
    for step in graph.steps:
        side = max(sides[name] for name in step.inputs)
        if step.kind == "average":
            side = 1
        if step.kind == "convolution":
            kernel = step.arrays["weight"].shape[-1]
            side = (side + 2 * step.settings["pads"][0] - kernel) // step.settings["stride"] + 1
        sides[step.output] = side
        if step.kind in ("convolution", "product"):
            macs += step.arrays["weight"].size * side**2
            params += sum(array.size for array in step.arrays.values())
    return macs, params


@dataclass(frozen=True)
class Pruning:
    """How channels are chosen.

    Args:
        steps: in how many steps, each with importances of its own.
        together: whether the channels of all layers are ranked together.
        share: of the channels, at most.
    """

    steps: int = 1
    together: bool = False
    share: float = 0.9


def pruned(
    net: Plain,
    train: Pictures,
    teacher: Teacher,
    how: Pruning,
    seed: int,
    kept: int = 0,
    enough: Callable[[Graph], bool] | None = None,
) -> None:
    """Take channels away in place, the least important first by a Taylor expansion of the loss.

    Source: Molchanov et al. 2019, as torch-pruning has it. The gradients of a step are of
    `PARTS` batches of the pictures, varied and drawn anew.

    Args:
        net: plain layers in evaluation mode.
        train: the pictures of the kept classes.
        teacher: see `losses`.
        how: the options.
        seed: of the variations.
        kept: so many first convolutions keep their channels.
        enough: tells when to stop; by default after the last step.
    """
    import torch_pruning

    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    head = [m for m in net.modules() if isinstance(m, nn.Linear)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about every layer that it leaves alone
        pruner = torch_pruning.pruner.BasePruner(
            net,
            torch.zeros(1, net.graph.channels, net.graph.resolution, net.graph.resolution),
            importance=torch_pruning.importance.GroupTaylorImportance(),
            global_pruning=how.together,
            pruning_ratio=how.share,
            max_pruning_ratio=how.share,
            iterative_steps=how.steps,
            ignored_layers=[*convolutions[:kept], *head],
            round_to=4,  # onnxruntime reads channels in fours
        )
    for done in range(how.steps):
        net.zero_grad()
        for loss in islice(losses(net, train, teacher, 1, AT_ONCE, seed + done), PARTS):
            loss.backward()
        pruner.step()
        if enough is not None and enough(net.lowered()):
            return


def losses(
    net: nn.Module, train: Pictures, teacher: Teacher, epochs: int, size: int, seed: int
) -> Iterator[Tensor]:
    """Yield the loss of every batch: cross-entropy and distillation, as the studies' recipe.

    Args:
        net: what is trained.
        train: the pictures.
        teacher: gives logits of the same classes.
        epochs: passes over them.
        size: of a batch.
        seed: of order and variations.
    """
    loss = Loss(Objective(distill=2.0), Hierarchy.star(train.classes))
    generator = torch.Generator().manual_seed(seed)
    targets = torch.from_numpy(np.asarray(train.targets))
    for _ in range(epochs):
        order = torch.randperm(len(train), generator=generator).numpy()
        for part in batches(len(order), size):
            rows = np.sort(order[part])
            images = torch.from_numpy(np.ascontiguousarray(train.images[rows]))
            shown = augmented(images, STROKES, generator)
            with torch.no_grad():
                answer = teacher(shown)
            yield loss(net(shown), targets[rows], answer)


STROKES = Augment(grey=0.3, thicken=0.5, outline=0.3)
"""As the studies' recipe."""


def tuned(
    net: nn.Module,
    train: Pictures,
    teacher: Teacher,
    epochs: int,
    size: int,
    rate: float,
    seed: int,
) -> int:
    """Train a network in place for some epochs and return the number of steps."""
    steps = epochs * len(batches(len(train), size))
    config = TrainConfig(learning_rate=rate)
    optimizer = make_optimizer(net, config)
    net.train()
    for step, loss in enumerate(losses(net, train, teacher, epochs, size, seed)):
        for group in optimizer.param_groups:
            group["lr"] = rate * one_cycle((step + 0.5) / steps, config.warmup)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    return steps


def some(train: Pictures) -> Tensor:
    """Return encoded training pictures, at most `SEEN` of them, spread over all."""
    rows = np.unique(np.linspace(0, len(train) - 1, SEEN).astype(int))
    return to_input(torch.from_numpy(np.ascontiguousarray(train.images[rows])))
