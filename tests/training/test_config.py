"""Settings of a training are read back as what they were, or the place at fault is named."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given

from taxonomy._core import io
from taxonomy._core.decoding import parse_json
from taxonomy._core.errors import TrainingError
from taxonomy.training.config import TrainConfig
from tests.support.mutants import json_text, mutants

CONTENT = asdict(TrainConfig())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epohcs": 3}, "unknown field 'epohcs'. Did you mean 'epochs'"),
        ({"epochs": "3"}, "epochs: expected an integer, found '3'"),
        ({"objective": {"laef": 1}}, "objective: unknown field 'laef'. Did you mean 'leaf'"),
        ({"augment": {"flip": 2.0}}, "augment: `flip` is 2.0; give a number from 0 to 1"),
        ({"augment": []}, "augment: expected an object"),
        ({"precision": "fp16"}, "precision: expected one of auto, bf16, fp32, found 'fp16'"),
        ({"learning_rate": float("nan")}, "learning_rate: expected a finite number"),
    ],
)
def test_faults_are_named_with_their_place(change, message):
    with pytest.raises(TrainingError, match=message):
        TrainConfig.from_dict({**CONTENT, **change})


@given(mutants(CONTENT))
def test_what_is_accepted_can_be_written_and_read_to_the_same_digest(value):
    try:
        config = TrainConfig.from_dict(value)
    except TrainingError as error:
        assert len(str(error)) <= 400
        return
    again = TrainConfig.from_dict(parse_json(json_text(asdict(config)), "config.json"))
    assert again == config
    assert io.digest(asdict(again)) == io.digest(asdict(config))
