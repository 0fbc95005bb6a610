"""Well-mixed words are those of the published generator."""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import mix64, splitmix64


def test_the_first_numbers_of_splitmix64_from_seed_1234567():
    """As the generator's other implementations print them; the state grows by the golden gamma."""
    gamma = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + i * gamma) % 2**64 for i in range(3)], dtype=np.uint64)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert splitmix64(states).tolist() == expected


def test_different_words_stay_different():
    words = np.arange(100_000, dtype=np.uint64)
    assert len(np.unique(mix64(words))) == len(words)
