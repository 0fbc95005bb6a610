"""Training: the loop, augmentation in batch, checkpoints, and run directories."""

from taxonomy._registry import require

require("torch")

from taxonomy.training.loop import TrainConfig, predict, train  # noqa: E402
from taxonomy.training.run import Run, train_run  # noqa: E402

__all__ = ["Run", "TrainConfig", "predict", "train", "train_run"]
