"""Any timm model, cut at a stage, as the first part of a trunk; an extra that loads when used."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from taxonomy._core.errors import SpecError
from taxonomy._core.registry import require
from taxonomy.design.blocks import Backbone


class TimmStages(nn.Module):
    """A timm model up to one of its feature maps, with random weights.

    Nothing behind it mixes siblings, and it is run once for all classes, so any model serves,
    whatever its normalisation or attention. Input that is 0 for white and 2 for black, as our
    networks read it, is mapped to what the model's own weights were trained on.

    Args:
        backbone: which model, cut where.

    Raises:
        MissingExtraError: timm is not installed.
        SpecError: timm knows no such model or stage, or makes another map than the backbone says.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.model = timm_features(backbone.name, backbone.stage, pretrained=False)
        trained_on = self.model.pretrained_cfg
        mean, std = (torch.tensor(trained_on[key]).view(1, -1, 1, 1) for key in ("mean", "std"))
        self.white: Tensor
        self.step: Tensor
        self.register_buffer("white", (1 - mean) / std, persistent=False)
        self.register_buffer("step", -0.5 / std, persistent=False)
        width, stride = _shape(self.model)
        if (width, stride) != (backbone.width, backbone.stride):
            raise SpecError(
                f"The installed timm's {backbone.name} makes {width} channels at stride {stride} "
                f"after stage {backbone.stage}; the specification says {backbone.width} at "
                f"{backbone.stride}."
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W) to (B, width, H / stride, W / stride)."""
        features: Tensor = self.model(torch.addcmul(self.white, x, self.step))[0]
        return features


def timm_backbone(name: str, stage: int, resolution: int) -> Backbone:
    """Describe a timm model cut after a stage, with what it costs at a resolution.

    Args:
        name: of the model, such as ``resnet18`` or ``convnextv2_atto``.
        stage: index of the feature map it is cut after, from 0.
        resolution: side of the input, in pixels.

    Raises:
        MissingExtraError: timm is not installed.
        SpecError: timm knows no such model or stage.
    """
    model = timm_features(name, stage, pretrained=False).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, resolution, resolution))
    width, stride = _shape(model)
    params = sum(p.numel() for p in model.parameters())
    return Backbone(name, stage, width, stride, params, counter.get_total_flops() // 2)


def timm_features(name: str, stage: int, pretrained: bool) -> Any:
    """Return a timm model that ends at a stage.

    Raises:
        MissingExtraError: timm is not installed.
        SpecError: timm knows no such model or stage, or has no weights for it.
    """
    timm = require("timm")
    try:
        return timm.create_model(
            name, pretrained=pretrained, features_only=True, out_indices=(stage,)
        )
    except (RuntimeError, ValueError, IndexError, AssertionError, OSError) as error:
        weights = " with pretrained weights" if pretrained else ""
        raise SpecError(
            f"timm cannot make {name!r}{weights} cut after stage {stage} ({error}). "
            "timm.list_models() lists names; stages count from 0."
        ) from error


def _shape(model: Any) -> tuple[int, int]:
    (width,), (stride,) = model.feature_info.channels(), model.feature_info.reduction()
    return int(width), int(stride)
