"""Training: the loop, augmentation in batch, checkpoints, run directories, and what is scored."""

from typing import TYPE_CHECKING

from taxonomy._core.registry import lazy_names, require

require("torch")

from taxonomy.training.augment import Augment  # noqa: E402
from taxonomy.training.config import TrainConfig  # noqa: E402
from taxonomy.training.features import class_features  # noqa: E402
from taxonomy.training.loop import fit  # noqa: E402
from taxonomy.training.named import (  # noqa: E402
    Scored,
    run_features,
    scored,
    scored_by_name,
    trained_widths,
)
from taxonomy.training.objectives import Loss, Objective  # noqa: E402
from taxonomy.training.run import Run, train_run  # noqa: E402
from taxonomy.training.scoring import predictions_on  # noqa: E402
from taxonomy.training.start import resume, train  # noqa: E402

if TYPE_CHECKING:
    from taxonomy.training.tree_metric import TreeMetric

__all__ = [
    "Augment",
    "Loss",
    "Objective",
    "Run",
    "Scored",
    "TrainConfig",
    "TreeMetric",
    "class_features",
    "fit",
    "predictions_on",
    "resume",
    "run_features",
    "scored",
    "scored_by_name",
    "train",
    "train_run",
    "trained_widths",
]

__getattr__, _ = lazy_names(__name__, {"TreeMetric": "taxonomy.training.tree_metric"})
