"""One step of a training by one or more processes, for the tests to compare.

    python -m tests.support.parallel FILE eval|train
    torchrun --standalone --nproc-per-node 2 -m tests.support.parallel FILE eval|train

Writes the gradients of the step. Nothing is drawn at random, so that the pictures are the same
however many processes share them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from taxonomy.data import Pictures
from taxonomy.design.spec import NetSpec
from taxonomy.nets import HierarchicalNet, build_net
from taxonomy.training import Objective, TrainConfig, predictions_on
from taxonomy.training.augment import Augment
from taxonomy.training.checkpoint import Place
from taxonomy.training.distribution import is_first, processes
from taxonomy.training.loop import Training
from tests.support.stripes import TREE, striped_pictures

CONFIG = TrainConfig(
    batch_size=35,
    accumulate=3,
    precision="fp32",
    augment=Augment(0, 0, 0, 0, 0, 0),
    objective=Objective(clade=0.5),
)


def main() -> None:
    """Take the step and write what every parameter's gradient was."""
    torch.set_num_threads(1)
    data = striped_pictures()
    net = build_net(NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16), TREE, 0)
    with processes():
        take_step(net, data)


def take_step(net: HierarchicalNet, data: Pictures) -> None:
    """Do it in a function of its own, so that its engine is gone before the processes part."""
    training = Training(net, data, CONFIG, TREE, None)
    net.train(sys.argv[2] == "train")
    rows = np.random.default_rng(0).permutation(len(training.part))[:35]
    loss = training.step(rows, Place())
    gradients = {name: p.grad for name, p in net.named_parameters() if p.grad is not None}
    logits = torch.from_numpy(predictions_on(net, training.validation).logits.copy())
    if is_first():
        saved = {**gradients, "loss": torch.tensor(loss), "logits": logits}
        save_file({name: x.contiguous() for name, x in saved.items()}, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
