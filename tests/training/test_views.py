"""Views: what is kept is what a step would have made, and trainings share it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from taxonomy._core.errors import TrainingError
from taxonomy.design.spec import NetSpec
from taxonomy.nets import build_net
from taxonomy.training import Objective, TrainConfig, fit, predictions_on
from taxonomy.training.augment import Augment, augmented
from taxonomy.training.views import MOST_KEPT, Views
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.stripes import CLASSES, TREE

SPEC = NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16)
AUGMENT = Augment(rotation=3, scale=0.05, shift=0.02)
CONFIG = TrainConfig(
    epochs=6,
    batch_size=36,
    precision="fp32",
    views=3,
    augment=AUGMENT,
    objective=Objective(distill=1.0),
)
CPU = torch.device("cpu")


@pytest.fixture
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("TAXONOMY_CACHE", str(tmp_path / "caches"))
    return tmp_path / "caches" / "views"


@pytest.fixture(scope="module")
def teacher(stripes):
    net = build_net(NetSpec.flat((6, 8), resolution=16), Hierarchy.star(CLASSES), 0)
    fit(net, stripes, TrainConfig(epochs=6, batch_size=36, precision="fp32"), progress=False)
    return net


def test_what_is_kept_is_the_augmented_picture_and_the_answer_to_it(stripes, teacher, caches):
    part = stripes.part("train")
    views = Views(part, AUGMENT, 2, teacher, "some digest")
    rows = np.array([5, 0, 7])
    for view in range(2):
        inputs, taught = views.read(view, rows, CPU)
        made = augmented(
            torch.from_numpy(part.images[:]), AUGMENT, torch.Generator().manual_seed(view)
        )
        assert (inputs - made[rows]).abs().max() <= 0.5 / 127.5 + 1e-6  # kept as bytes
        with torch.no_grad():
            torch.testing.assert_close(taught, teacher(inputs), rtol=1e-3, atol=1e-3)
        assert inputs.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(views.read(0, rows, CPU)[0], views.read(1, rows, CPU)[0])


def test_trainings_share_them_and_others_have_their_own(stripes, teacher, caches):
    def files() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in caches.glob("*.npy")}

    one = replace(CONFIG, epochs=1)
    fit(build_net(SPEC, TREE, 0), stripes, one, progress=False, teacher=teacher)
    first = files()
    assert len(first) == 1
    fit(build_net(SPEC, TREE, 1), stripes, one.with_seed(1), progress=False, teacher=teacher)
    assert files() == first
    for other in (
        replace(one, views=2),
        replace(one, augment=replace(AUGMENT, flip=0.0)),
        replace(one, objective=Objective()),  # no teacher, no answers
    ):
        fit(build_net(SPEC, TREE, 0), stripes, other, progress=False, teacher=teacher)
    assert len(files()) == 4


@pytest.mark.parametrize("mix", [0.0, 0.5])
def test_a_student_learns_from_them_and_continues_exactly(stripes, teacher, caches, mix):
    config = replace(CONFIG, mixup=mix, epochs=8)
    whole = build_net(SPEC, TREE, 0)
    fit(whole, stripes, config, progress=False, teacher=teacher)
    assert predictions_on(whole, stripes.part("val")).accuracy() > 0.8

    def stop(row):
        if row["epoch"] == 4:
            raise KeyboardInterrupt

    file = caches.parent / "checkpoint.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(build_net(SPEC, TREE, 0), stripes, config, file, stop, False, teacher=teacher)
    again = build_net(SPEC, TREE, 0)
    fit(again, stripes, config, file, progress=False, teacher=teacher)
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_negative_number_is_refused():
    with pytest.raises(TrainingError, match="views"):
        replace(CONFIG, views=-1)


def test_those_used_least_lately_go_while_readers_keep_what_they_have(stripes, caches):
    part = stripes.part("train")
    first = Views(part, AUGMENT, 1)
    kept = first.rows.copy()
    for number in range(2, MOST_KEPT + 1):
        Views(part, AUGMENT, number)
    stems = {path.stem for path in caches.glob("*.npy")}
    assert len(stems) == MOST_KEPT
    Views(part, AUGMENT, 1)  # used again, so the second is now the one used least lately
    Views(part, AUGMENT, MOST_KEPT + 1)
    left = {path.stem for path in caches.glob("*.npy")}
    assert left == {path.stem for path in caches.glob("*.json")}
    assert len(left) == MOST_KEPT
    assert len(left & stems) == MOST_KEPT - 1
    Views(part, AUGMENT, 2)  # made anew; the first one is in the way of nothing
    np.testing.assert_array_equal(first.rows, kept)
    before = {path.stem for path in caches.glob("*.npy")}
    Views(part, AUGMENT, 1)
    assert before == {path.stem for path in caches.glob("*.npy")}
