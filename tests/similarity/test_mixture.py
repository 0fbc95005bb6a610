"""Mixtures: one scale for all, order and ties kept; and what a recipe may say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import RegistryError, SimilarityError
from taxonomy.labels import LabelSet, get_labels
from taxonomy.similarity import Similarity, get_source
from taxonomy.similarity._recipe import only_source, weighted_sources
from taxonomy.similarity.mixture import SCALES, Mixture, mix
from taxonomy.similarity.random import RandomScores as Random
from tests.support.strategies import similarities

ABC = [[1, 0.9, 0.5], [0.9, 1, 0.5], [0.5, 0.5, 1]]
OTHER = [[1, 0.2, 0.1], [0.2, 1, 0.0], [0.1, 0.0, 1]]


def pairs(similarity: Similarity) -> np.ndarray:
    return similarity.values[np.triu_indices(len(similarity), 1)]


def test_ranks_by_hand():
    """Ranks 2, 0.5, 0.5 (two tied) and 2, 1, 0 of three pairs, the first weighing thrice."""
    mixed = mix([Similarity("abc", ABC), Similarity("abc", OTHER)], [3, 1])
    expected = [(3 * 2 + 2) / 8, (3 * 0.5 + 1) / 8, (3 * 0.5 + 0) / 8]
    assert pairs(mixed) == pytest.approx(expected)


def test_quantiles_by_hand():
    """The mean distribution of .5 .5 .9 and 0 .1 .2 is .25 .3 .55; tied pairs get (.25 + .3)/2."""
    mixed = mix([Similarity("abc", ABC), Similarity("abc", OTHER)], scale="quantile")
    tied = (0.25 + 0.3) / 2
    expected = [0.55, (tied + 0.3) / 2, (tied + 0.25) / 2]
    assert pairs(mixed) == pytest.approx(expected)


@pytest.mark.parametrize("scale", SCALES)
@given(similarity=similarities(least=3))
def test_of_one_source_order_and_ties_stay(scale, similarity):
    before, after = pairs(similarity).round(12), pairs(mix([similarity], scale=scale))
    assert (
        np.sign(np.subtract.outer(before, before)) == np.sign(np.subtract.outer(after, after))
    ).all()


@given(one=similarities(least=3), power=st.sampled_from([0.5, 2, 3]))
def test_ranks_do_not_change_with_an_increasing_map(one, power):
    mapped = Similarity(one.ids, one.values.round(3) ** power)
    plain = Similarity(one.ids, one.values.round(3))
    if len(np.unique(pairs(mapped).round(12))) == len(np.unique(pairs(plain))):
        assert mix([mapped]).digest == mix([plain]).digest


def test_few_labels():
    assert mix([Similarity("a", [[1]])]).values.tolist() == [[1]]
    assert mix([Similarity("ab", [[1, 0.9], [0.9, 1]])]).between("a", "b") == 0.5


def test_other_labels_are_refused():
    with pytest.raises(SimilarityError, match=r"3 and 3 of them, which part at 'c' and 'd'"):
        mix([Similarity("abc", ABC), Similarity("abd", ABC)])
    with pytest.raises(SimilarityError, match="part at 'c' and None"):
        mix([Similarity("abc", ABC), Similarity("ab", [[1, 0], [0, 1]])])
    with pytest.raises(SimilarityError, match="Nothing to mix"):
        mix([])


@pytest.mark.parametrize("weights", [[1], [0, 0], [-1, 2], [np.nan, 1], [np.inf, 1]])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(SimilarityError, match="weights"):
        mix([Similarity("abc", ABC)] * 2, weights)


def test_the_source_says_what_is_in_it():
    labels = LabelSet(list(get_labels("icons"))[::20])
    made = Mixture("2 wordnet; 1 random seed=3")(labels).provenance
    assert [part["weight"] for part in made["parts"]] == [round(2 / 3, 12), round(1 / 3, 12)]
    assert [part["source"]["made_by"] for part in made["parts"]] == ["wordnet", "random"]


@pytest.mark.parametrize("name", ["mixture", "shuffled"])
def test_a_refusal_says_where_the_options_go(name):
    with pytest.raises(SimilarityError, match=r"wordnet: The label 'x' .* wordnet OPTION=VALUE"):
        get_source(name, of="wordnet")(LabelSet(["x", "y"]))


class TestRecipe:
    def test_weights_names_options_and_quotes(self):
        first, second = weighted_sources(
            "2 embedding template='a {name}; or so' ; llm temperature=0.5 expected=yes max_usd=3"
        )
        assert (first[0], first[1].template) == (2.0, "a {name}; or so")
        assert (second[0], second[1].temperature, second[1].expected) == (1.0, 0.5, True)
        assert second[1].max_usd == 3

    def test_recipes_nest(self):
        labels = LabelSet(list(get_labels("icons"))[::20])
        source = only_source("shuffled of='mixture of=\"random seed=1; random seed=2\"' seed=5")
        mixed = Mixture("random seed=1; random seed=2")(labels)
        assert sorted(pairs(source(labels))) == sorted(pairs(mixed))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "at least one source"),
            (" ; ", "at least one source"),
            ("2", "weight without a source"),
            ("random 'seed=1", "cannot be read"),
            ("random sed=1", "no option 'sed=1'. Did you mean 'seed'"),
            ("random seed", "no option 'seed'"),
            ("random seed=one", "'seed' of the source 'random' cannot be 'one'"),
            ("llm expected=perhaps", "'expected' of the source 'llm' cannot be 'perhaps'"),
            ("mixture scale=rang", "'scale' of the source 'mixture' cannot be 'rang'"),
        ],
    )
    def test_faults(self, text, message):
        with pytest.raises(SimilarityError, match=message):
            weighted_sources(text)

    def test_an_unknown_source_gets_a_suggestion(self):
        with pytest.raises(RegistryError, match="Did you mean 'random'"):
            weighted_sources("randon")

    @pytest.mark.parametrize("text", ["random; random", "2 random"])
    def test_one_source_is_one(self, text):
        with pytest.raises(SimilarityError, match="not one source"):
            only_source(text)


class TestShuffled:
    LABELS = LabelSet(list(get_labels("icons"))[::7])

    def test_has_the_same_numbers_at_other_pairs(self):
        own = Random(seed=3)(self.LABELS)
        seeds = [
            get_source("shuffled", of="random seed=3", seed=seed)(self.LABELS) for seed in range(3)
        ]
        for made in seeds:
            assert sorted(pairs(made)) == sorted(pairs(own))
            assert np.corrcoef(pairs(made), pairs(own))[0, 1] < 0.3
        assert len({made.digest for made in seeds}) == 3
