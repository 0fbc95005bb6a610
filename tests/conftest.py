"""Settings and pictures for all tests."""

from __future__ import annotations

import logging

import pytest
import torch
from hypothesis import settings

from taxonomy.data import Pictures
from tests.support.stripes import striped_pictures

# Several processes may share the cores with the tests; one thread each is the faster way then,
# and bit-for-bit promises hold for an equal number of threads.
torch.set_num_threads(1)

settings.register_profile("house", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory):
    """Keep decoded pictures out of the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAXONOMY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def level():
    """Undo what a command of one test set for the log, so that the next may run in any process."""
    logger = logging.getLogger("taxonomy")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.fixture(scope="session")
def stripes() -> Pictures:
    """Six patterns that a tiny network tells apart, 16 by 16, noisy, with all three splits."""
    return striped_pictures()
