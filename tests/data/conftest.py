"""What the tests of pictures share."""

from __future__ import annotations

import pytest

from tests.support.painting import paint


@pytest.fixture
def plain(tmp_path):
    """Two classes of forty pictures each, in no splits."""
    for name in ("dog", "cat"):
        for i in range(40):
            paint(tmp_path / name / f"{i}.png", colour=(i, i, 0))
    return tmp_path
