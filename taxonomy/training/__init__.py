"""Training: the loop, augmentation in batch, checkpoints, and run directories."""

from taxonomy._core.registry import require

require("torch")

from taxonomy.training.augment import Augment  # noqa: E402
from taxonomy.training.config import TrainConfig  # noqa: E402
from taxonomy.training.loop import train  # noqa: E402
from taxonomy.training.objectives import Loss, Objective  # noqa: E402
from taxonomy.training.run import Run, train_run  # noqa: E402
from taxonomy.training.scoring import predict  # noqa: E402

__all__ = ["Augment", "Loss", "Objective", "Run", "TrainConfig", "predict", "train", "train_run"]
