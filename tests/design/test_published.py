"""Networks as published, counted by hand by a study, have the sizes that their papers state."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

STUDIES = Path(__file__).parents[2] / "analysis" / "studies"


@pytest.mark.parametrize(
    ("name", "params", "macs"),
    [  # torchvision's table for ResNet-50; Woo et al. 2023, table 9, for ConvNeXt V2
        ("ResNet-50", 25_557_032, 4.09e9),
        ("ConvNeXt V2 atto", 3.7e6, 0.55e9),
        ("ConvNeXt V2 tiny", 28.6e6, 4.47e9),
        ("ConvNeXt V2 base", 88.7e6, 15.4e9),
    ],
)
def test_published_sizes(name, params, macs, monkeypatch):
    monkeypatch.syspath_prepend(str(STUDIES))
    total = importlib.import_module("paper_scale").BASES[name].total
    assert total == pytest.approx((params, macs), rel=0.005)
