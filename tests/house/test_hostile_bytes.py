"""Whatever bytes a file holds, it is read or refused: quickly, in little memory, in few words.

What is accepted can be written, and read again to the same digest and the same bytes. Mutant
number n of a reader is always the same: ``python -m tests.support.hostile READER --start N``.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec

import pytest

from taxonomy._core.errors import TaxonomyError
from tests.support.hostile import again, files, read_mutants, read_or_refused
from tests.support.readers import READERS


def case(reader):
    """Skip a reader where the package is missing that it cannot do without."""
    missing = bool(reader.needs) and find_spec(reader.needs) is None
    why = f"{reader.needs} is not installed"
    return pytest.param(reader, id=reader.name, marks=pytest.mark.skipif(missing, reason=why))


by_name = pytest.mark.parametrize("reader", [case(reader) for reader in READERS])


@pytest.fixture(autouse=True)
def quiet():
    """Leave out what is logged of every damaged cache."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@by_name
def test_valid_files_are_read_and_written_again(reader):
    with files(reader) as (seeds, path, written):
        for data in seeds:
            path.write_bytes(data)
            found = read_or_refused(reader, path)
            assert not isinstance(found, TaxonomyError)
            again(reader, found, written)


@by_name
def test_changed_files_are_read_or_refused(reader):
    counts = read_mutants(reader, range(200))
    assert counts["read"] + counts["refused"] == 200
    assert counts["refused"] > 0 or "cache" in reader.name
    assert counts["read"] > 0


@pytest.mark.slow
@by_name
def test_twenty_thousand_changed_files_are_read_or_refused(reader):
    counts = read_mutants(reader, range(20_000))
    assert counts["read"] + counts["refused"] == 20_000
