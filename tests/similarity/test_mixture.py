"""Mixtures: one scale for all, order and ties kept; and what a recipe may say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import RegistryError, SimilarityError
from taxonomy.labels import LabelSet, get_labels
from taxonomy.similarity import DenseSimilarity, RandomScores, ShuffledScores, WordNet, get_source
from taxonomy.similarity._recipe import only_source, weighted_sources, written
from taxonomy.similarity.mixture import SCALES, Mixture, mix
from tests.support.strategies import similarities

ABC = [[1, 0.9, 0.5], [0.9, 1, 0.5], [0.5, 0.5, 1]]
OTHER = [[1, 0.2, 0.1], [0.2, 1, 0.0], [0.1, 0.0, 1]]


def pairs(similarity: DenseSimilarity) -> np.ndarray:
    return similarity.values[np.triu_indices(len(similarity), 1)]


def test_ranks_by_hand():
    """Ranks 2, 0.5, 0.5 (two tied) and 2, 1, 0 of three pairs, the first weighing thrice."""
    mixed = mix([DenseSimilarity("abc", ABC), DenseSimilarity("abc", OTHER)], [3, 1])
    expected = [(3 * 2 + 2) / 8, (3 * 0.5 + 1) / 8, (3 * 0.5 + 0) / 8]
    assert pairs(mixed) == pytest.approx(expected)


def test_quantiles_by_hand():
    """The mean distribution of .5 .5 .9 and 0 .1 .2 is .25 .3 .55; tied pairs get (.25 + .3)/2."""
    mixed = mix([DenseSimilarity("abc", ABC), DenseSimilarity("abc", OTHER)], scale="quantile")
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
    mapped = DenseSimilarity(one.ids, one.values.round(3) ** power)
    plain = DenseSimilarity(one.ids, one.values.round(3))
    if len(np.unique(pairs(mapped).round(12))) == len(np.unique(pairs(plain))):
        assert mix([mapped]).digest == mix([plain]).digest


def test_few_labels():
    assert mix([DenseSimilarity("a", [[1]])]).values.tolist() == [[1]]
    assert mix([DenseSimilarity("ab", [[1, 0.9], [0.9, 1]])]).between("a", "b") == 0.5


def test_other_labels_are_refused():
    with pytest.raises(SimilarityError, match="1 and similarity 2 have different labels: 'c' is"):
        mix([DenseSimilarity("abc", ABC), DenseSimilarity("abd", ABC)])
    with pytest.raises(SimilarityError, match="'c' is in similarity 1 only"):
        mix([DenseSimilarity("abc", ABC), DenseSimilarity("ab", [[1, 0], [0, 1]])])
    with pytest.raises(SimilarityError, match="Nothing to mix"):
        mix([])


@pytest.mark.parametrize("weights", [[1], [0, 0], [-1, 2], [np.nan, 1], [np.inf, 1]])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(SimilarityError, match="weights"):
        mix([DenseSimilarity("abc", ABC)] * 2, weights)


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
            ("random seed=one", "'seed' of the source 'random': 'one' is not a whole number"),
            (
                "llm expected=perhaps",
                "of the source 'llm': 'perhaps' is neither yes nor no",
            ),
            (
                "mixture scale=rang",
                "of the source 'mixture': 'rang' is none of: rank, quan",
            ),
        ],
    )
    def test_faults(self, text, message):
        with pytest.raises(SimilarityError, match=message):
            weighted_sources(text)

    def test_an_unknown_source_gets_a_suggestion(self):
        with pytest.raises(RegistryError, match="Did you mean 'random'"):
            weighted_sources("randon")

    @pytest.mark.parametrize(
        "text",
        [
            "random",
            "random seed=4; random",
            "2 wordnet measure=lin same_synset=allow; 0.25 random",
            "embedding 'template=a {name}; or so' timeout=0.5",
            "llm transcript=icons/llm-rows expected=yes",
            "shuffled of='mixture of=\"random seed=1; random\"' seed=5",
        ],
    )
    def test_instances_are_written_as_the_recipe_that_names_them(self, text):
        sources = weighted_sources(text)
        assert weighted_sources(written(sources)) == sources
        assert written(text) == text

    def test_nested_instances_are_written_too(self):
        inner = [(2, RandomScores(seed=1)), (1, RandomScores(seed=2))]
        nested = ShuffledScores(of=Mixture(of=inner), seed=5)
        named = "shuffled of='mixture of=\"2 random seed=1; random seed=2\"' seed=5"
        again = only_source(written(nested))
        labels = LabelSet(list(get_labels("icons"))[::20])
        assert again(labels).digest == nested(labels).digest == only_source(named)(labels).digest
        assert again(labels).provenance == nested(labels).provenance

    @pytest.mark.parametrize("text", ["random; random", "2 random"])
    def test_one_source_is_one(self, text):
        with pytest.raises(SimilarityError, match="not one source"):
            only_source(text)


class TestInstances:
    LABELS = LabelSet(list(get_labels("icons"))[::20])

    @pytest.mark.parametrize(
        ("instances", "text"),
        [
            (RandomScores(seed=3), "random seed=3"),
            ([(1, RandomScores(seed=3))], "random seed=3"),
            (
                [(2, RandomScores(seed=3)), (0.5, WordNet(measure="path"))],
                "2 random seed=3; 0.5 wordnet measure=path",
            ),
        ],
    )
    def test_a_mixture_of_instances_is_that_of_their_recipe(self, instances, text):
        one, other = Mixture(of=instances)(self.LABELS), Mixture(of=text)(self.LABELS)
        assert one.digest == other.digest
        assert one.provenance == other.provenance

    def test_a_shuffled_instance_is_that_of_its_recipe(self):
        one = ShuffledScores(of=RandomScores(seed=3), seed=1)(self.LABELS)
        other = ShuffledScores(of="random seed=3", seed=1)(self.LABELS)
        assert (one.digest, one.provenance) == (other.digest, other.provenance)

    def test_a_source_of_ones_own_will_do(self):
        def half(labels):
            n = len(labels)
            return DenseSimilarity(labels.ids, np.where(np.eye(n), 1, 0.5))

        assert pairs(Mixture(of=[(1, half)])(self.LABELS)).tolist()[:2] == [0.5, 0.5]

    def test_a_mixture_keeps_what_it_was_given(self):
        given = [(1, RandomScores())]
        mixture = Mixture(of=given)
        given.append((5, RandomScores(seed=1)))
        assert mixture.of == ((1, RandomScores()),)
        assert hash(mixture) == hash(Mixture(of=((1, RandomScores()),)))

    @pytest.mark.parametrize("of", [[], [RandomScores()], [("x",)], [(1, "random")]])
    def test_what_is_no_pair_is_refused(self, of):
        with pytest.raises(SimilarityError, match=r"such as.*WordNet\(\)"):
            Mixture(of=of)(self.LABELS)

    def test_neighbours_only_are_refused(self):
        with pytest.raises(SimilarityError, match=r"wordnet: .*needs all pairs"):
            Mixture(of=WordNet(neighbours=3))(self.LABELS)


class TestShuffled:
    LABELS = LabelSet(list(get_labels("icons"))[::7])

    def test_has_the_same_numbers_at_other_pairs(self):
        own = RandomScores(seed=3)(self.LABELS)
        seeds = [
            get_source("shuffled", of="random seed=3", seed=seed)(self.LABELS) for seed in range(3)
        ]
        for made in seeds:
            assert sorted(pairs(made)) == sorted(pairs(own))
            assert np.corrcoef(pairs(made), pairs(own))[0, 1] < 0.3
        assert len({made.digest for made in seeds}) == 3
