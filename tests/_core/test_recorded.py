"""What made a value can be read and added to, never changed."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity import DenseSimilarity, SparseSimilarity
from taxonomy.tasks import Task, TaskList
from taxonomy.trees import Hierarchy

FACTS = {"made_by": "test", "of": [{"seed": 1}]}
VALUES = [
    Hierarchy.from_nested(["cat", "dog"], FACTS),
    DenseSimilarity(["cat", "dog"], np.eye(2), FACTS),
    SparseSimilarity(["cat", "dog"], [0], [1], [0.5], FACTS),
    Predictions(["cat", "dog"], [[1, 0]], [0], "val", provenance=FACTS),
    ClassFeatures(["cat", "dog"], [[1, 0], [0, 1]], [3, 4], "val", provenance=FACTS),
    TaskList([Task("t", ("cat",))], ["cat", "dog"], FACTS),
]


@pytest.fixture(params=VALUES, ids=lambda value: type(value).__name__)
def value(request):
    return request.param


def test_it_cannot_be_changed(value):
    with pytest.raises(TypeError):
        value.provenance["seed"] = 3
    with pytest.raises(AttributeError):
        value.provenance = {}
    value.provenance["of"][0]["seed"] = 2
    value.provenance["of"].append(3)
    assert value.provenance == FACTS
    assert json.loads(json.dumps(dict(value.provenance))) == FACTS


def test_what_it_was_given_may_change_afterwards():
    facts = copy.deepcopy(FACTS)
    tree = Hierarchy.from_nested(["cat", "dog"], facts)
    facts["of"][0]["seed"] = 2
    assert tree.provenance == FACTS


def test_more_facts_make_an_equal_value(value):
    more = value.with_provenance(note="n", made_by="other", self=1)
    assert more.provenance == {"made_by": "other", "of": [{"seed": 1}], "note": "n", "self": 1}
    assert more.digest == value.digest
    assert type(more) is type(value)
    assert value.provenance == FACTS


def test_it_is_copied_and_pickled(value):
    for again in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert again.digest == value.digest
        assert again.provenance == FACTS
