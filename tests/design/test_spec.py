"""Specifications: made from pairs, split and joined, refused before they cost anything."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import SpecError
from taxonomy.design import FAMILIES, RESNET, Backbone, Block, Bucket, Level, NetSpec, Stage, cost
from taxonomy.design.blocks import MOST_WIDTH
from taxonomy.design.spec import RECOMMENDED_PATH
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.mutants import mutants


@pytest.mark.parametrize("flat", [RECOMMENDED_PATH, NetSpec.flat(depth=2)])
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_a_split_networks_path_is_what_was_split(flat, levels):
    tree = flat.split(levels)
    assert len(tree.levels) == levels
    assert tree.path() == flat
    assert tree.side(levels) == flat.side(0)


@pytest.mark.parametrize(
    ("spec", "levels"), [(RECOMMENDED_PATH, 4), (RECOMMENDED_PATH, -1), (NetSpec.tree(), 1)]
)
def test_what_cannot_be_split_is_refused(spec, levels):
    with pytest.raises(SpecError, match="at most"):
        spec.split(levels)


class TestTree:
    def test_pairs_are_coarse_to_fine_and_the_trunk_has_a_default(self):
        spec = NetSpec.tree(levels=[(48, 1), (32, 2)], resolution=64)
        assert spec.levels == (Level((Bucket(48),), 1), Level((Bucket(32),), 2))
        assert spec.trunk == (Stage(16, 0), Stage(32, 1, 2))
        assert spec == NetSpec.tree([(48, 1), (32, 2)], trunk=((16, 0), (32, 1)), resolution=64)

    @pytest.mark.parametrize("levels", [(48, 1), ((48, 1, 2),), 48, "ab", None])
    def test_what_is_no_pairs_is_refused_with_an_example(self, levels):
        with pytest.raises(SpecError, match=r"levels is .*; give \(width, depth\) pairs"):
            NetSpec.tree(levels=levels)

    def test_the_recommended_network_follows_the_tree(self):
        star = Hierarchy.star("abc")
        assert NetSpec.recommended(star) == RECOMMENDED_PATH
        nested = Hierarchy.from_nested([[["a", "b"], "c"], "d"])
        assert NetSpec.recommended(nested) == RECOMMENDED_PATH.split(2)


SPECS = {
    "flat": NetSpec.flat(),
    "tree": NetSpec.tree(nesting="ancestors", head="cosine"),
    "recommended": RECOMMENDED_PATH.split(2),
    "backbone": NetSpec((), backbone=Backbone("resnet18", 1, 64, 4, 150_000, 30_000_000)),
    "onward": NetSpec(
        (Stage(4), Stage(4, opening=False)),
        (Level.onward(4, Block("adapter", bottleneck=3)),),
    ),
    "buckets": NetSpec((Stage(4),), (Level((Bucket(3), Bucket(5, 3))),)),
}


class TestOnward:
    """Parts without opening convolutions, which go on with the map that they read."""

    ADAPTER = Block("adapter", bottleneck=3)

    def test_it_scales_with_its_bottleneck_and_has_a_path(self):
        half = SPECS["onward"].scaled(2)
        assert half.levels == (Level.onward(8, Block("adapter", bottleneck=6)),)
        assert half.path().trunk[-1] == Stage(8, 1, 1, Block("adapter", bottleneck=6), False)
        assert half.path().split(1) == half

    def test_older_specifications_keep_their_words_and_digests(self):
        """Those of the shipped networks' files, which were written before there were adapters."""
        text = json.dumps([RECOMMENDED_PATH.to_dict(), NetSpec.flat().to_dict()])
        assert not any(word in text for word in ("opening", "bottleneck", "backbone"))
        assert RECOMMENDED_PATH.split(1).digest.startswith("e8d8a4bf51f3fb4a")
        assert '"opening": false' in json.dumps(SPECS["onward"].to_dict())

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Stage(4, 0, opening=False), "goes on with the map that it reads; give"),
            (lambda: Level((Bucket(4),), opening=False), "`stride` 1"),
            (lambda: NetSpec((Stage(4, opening=False),)), "reads the picture"),
            (lambda: NetSpec((Stage(4), Stage(5, opening=False))), "reads, 4, not 5"),
            (lambda: NetSpec((Stage(4),), (Level.onward(5, RESNET),)), "reads, 4, not 5"),
            (
                lambda: NetSpec((Stage(4),), (Level.onward(4, RESNET),), nesting="ancestors"),
                "cannot read those of all ancestors",
            ),
            (
                lambda: NetSpec(
                    (Stage(4),), (Level((Bucket(4), Bucket(5, 2)), 1, 1, RESNET, False),)
                ),
                "give one bucket",
            ),
            (
                lambda: NetSpec(
                    (Stage(4),), (Level((Bucket(4), Bucket(5, 2))), Level.onward(4, RESNET))
                ),
                "reads, 4 or 5, not 4",
            ),
        ],
    )
    def test_what_could_not_be_built_is_refused(self, make, message):
        with pytest.raises(SpecError, match=message):
            make()


class TestFiles:
    @pytest.mark.parametrize("name", SPECS)
    def test_round_trip(self, tmp_path, name):
        SPECS[name].save(tmp_path / "spec.json")
        again = NetSpec.load(tmp_path / "spec.json")
        assert again == SPECS[name]
        assert again.digest == SPECS[name].digest

    @given(st.sampled_from(sorted(SPECS)).flatmap(lambda name: mutants(SPECS[name].to_dict())))
    def test_what_is_accepted_can_be_written_and_read_to_the_same_digest(self, value):
        try:
            spec = NetSpec.from_dict(value)
        except SpecError as error:
            assert len(str(error)) <= 400
            return
        again = NetSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
        assert again == spec
        assert again.digest == spec.digest


WIDE = Stage(MOST_WIDTH, 2)
TREE = Hierarchy.from_nested([["a", "b"], ["c", "d"]])


class TestLimits:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Stage(MOST_WIDTH + 1), "width is 65537; give a whole number from 1 to 65,536"),
            (lambda: Stage(10**5000), "width is an integer of thousands of digits"),
            (lambda: Stage(8, depth=10**9), "depth is 1000000000"),
            (lambda: Stage(8, stride=2**62), "stride is"),
            (lambda: Stage({"a": 1}), "width is {'a': 1}"),
            (lambda: Bucket(8, least=2**70), "least is"),
            (lambda: Block("convnext", expand=10**9), "expand is"),
            (lambda: Block("convnext", kernel=10**9 + 1), "kernel is"),
            (lambda: Block("convnext", kernel=4), "kernel is 4; give an odd number"),
            (lambda: Block("resnet", kernel=5), "kernel is 5, and the family 'resnet' has no such"),
            (lambda: Block("x" * 10**6), "`family` is 'xxx"),
            (lambda: Level(tuple(Bucket(8, i) for i in range(1, 1100))), "1099 buckets"),
            (lambda: NetSpec((Stage(8),) * 1000), "at most 200 trunk stages"),
            (lambda: NetSpec((Stage(8, 600),) * 2), "1,200 residual blocks"),
            (lambda: NetSpec((Stage(8),), resolution=10**9), "resolution is"),
            (lambda: NetSpec((Stage(8),), channels=2**63), "channels is"),
            (lambda: NetSpec((), backbone=Backbone("r", 0, 8, 2, 10**30, 1)), "params is"),
        ],
    )
    def test_sizes(self, make, message):
        with pytest.raises(SpecError, match=message) as caught:
            make()
        assert len(str(caught.value)) <= 400

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            (NetSpec((WIDE,)), r"e\+11 parameters, and at most 1e\+10"),
            (NetSpec((WIDE,) * 200), r"3.9e\+13 parameters"),
            (NetSpec((Stage(8),), (Level((Bucket(MOST_WIDTH),)),)), "parameters"),
            (NetSpec((Stage(8, 1, 1, Block("convnext", 64, 63)),) * 200), None),
            (NetSpec((Stage(1000, 500),), resolution=16_384), r"MACs a picture"),
            (NetSpec((Stage(MOST_WIDTH, 0),), (Level((Bucket(1),)),), "ancestors"), None),
        ],
    )
    def test_a_network_too_large_is_refused_before_memory_is_taken(self, spec, message):
        from taxonomy.nets import build_net

        tree = TREE if spec.levels else Hierarchy.star("abcd")
        started = time.perf_counter()
        tracemalloc.start()
        if message is None:
            assert 0 < cost(spec, tree).params <= 10**10
        else:
            for use in (cost, build_net):
                with pytest.raises(SpecError, match=message):
                    use(spec, tree)
        assert tracemalloc.get_traced_memory()[1] < 10**7
        tracemalloc.stop()
        assert time.perf_counter() - started < 5


def test_every_option_of_a_family_is_a_field_of_the_block():
    for name, family in FAMILIES.items():
        assert family.name == name
        assert set(family.options) <= set(Block.__dataclass_fields__) - {"family"}
        assert Block(name).options.keys() == set(family.options)


class TestAligned:
    SPEC = NetSpec(
        (Stage(12), Stage(3)), (Level((Bucket(40), Bucket(64, least=3)), depth=2, stride=1),)
    )

    def test_only_widths_change_and_none_vanishes(self):
        """40 is as near to 32 as to 48: the even multiple is taken."""
        spec = self.SPEC.aligned(16)
        assert spec == NetSpec(
            (Stage(16), Stage(16)), (Level((Bucket(32), Bucket(64, least=3)), depth=2, stride=1),)
        )
        assert spec.aligned(16) == spec
        assert self.SPEC.aligned(1) == self.SPEC

    @pytest.mark.parametrize("align", [0, -8, 1.5, True, 10**9])
    def test_impossible_multiples_are_refused(self, align):
        with pytest.raises(SpecError, match="align"):
            self.SPEC.aligned(align)
