"""One set of predictions in every form is the same answers; what nobody can read is refused."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

import taxonomy as tx
from taxonomy._core.errors import DataError, FileFormatError, LabelError, TaxonomyError

TREE = tx.Hierarchy.from_nested(
    [
        {"name": "pets", "leaves": ["cat", "dog"]},
        {"name": "tools", "children": [{"name": "bat", "leaves": ["club", "racket"]}, "saw"]},
        {"name": "wild", "children": [{"name": "bat", "leaves": ["fruit bat", "vampire"]}]},
    ]
)
RNG = np.random.default_rng(5)
LOGITS = RNG.normal(size=(30, 7)).astype(np.float32)
TRUE = RNG.integers(0, 7, 30)
SITES = RNG.choice(["north", "south"], 30)
NAMES = list(TREE.leaves)


def wide(order=range(7), **more):
    frame = pd.DataFrame({NAMES[c]: LOGITS[:, c] for c in order})
    return frame.assign(target=[NAMES[t] for t in TRUE], site=SITES, **more)


def long(order=range(210)):
    rows = [
        {"image": f"{i}.png", "class": NAMES[c], "logit": LOGITS[i, c], "label": NAMES[TRUE[i]],
         "site": SITES[i]}
        for i in range(30) for c in range(7)
    ]  # fmt: skip
    return pd.DataFrame([rows[i] for i in order])


def probabilities():
    sure = np.exp(LOGITS.astype(np.float64))
    return sure / sure.sum(1, keepdims=True)


PREDICTIONS = tx.Predictions(NAMES, LOGITS, TRUE, "test", SITES)


def as_csv(frame, path, **options):
    frame.to_csv(path, index=False, **options)
    return path


def forms(folder):
    """Yield the same predictions in every form, each with the options that it needs."""
    PREDICTIONS.save(folder / "predictions-test.npz")
    yield "a run's folder", folder, {"split": "test"}
    yield "predictions", PREDICTIONS, {}
    by = {"by": "site"}
    backwards = wide(range(6, -1, -1), filename="x.png")
    yield "columns backwards", as_csv(backwards, folder / "b.csv"), by
    yield "semicolons", as_csv(wide(), folder / "s.csv", sep=";"), by
    yield "a table with tabs", as_csv(wide(), folder / "t.tsv", sep="\t"), by
    wide().to_parquet(folder / "w.parquet")
    yield "parquet", folder / "w.parquet", by
    yield "a data frame", wide(), by
    yield "pairs", as_csv(long(RNG.permutation(210)), folder / "l.csv"), by
    arrays = {"logits": LOGITS, "classes": np.array(NAMES), "y_true": TRUE, "site": SITES}
    np.savez(folder / "n.npz", **arrays)
    yield "npz", folder / "n.npz", by
    arrays["classes"] = np.array([name.upper().replace(" ", "_") for name in NAMES])
    yield "arrays, classes by name", arrays, by
    del arrays["classes"]
    yield "arrays, classes listed", arrays, {**by, "classes": NAMES}
    (folder / "order.txt").write_text("\n".join(NAMES))
    yield "arrays, classes in a file", arrays, {**by, "classes": folder / "order.txt"}
    numbered = wide().rename(columns={name: str(i) for i, name in enumerate(NAMES)})
    yield "numbered columns", numbered, {**by, "classes": NAMES}
    yield "probabilities", {**arrays, "logits": probabilities()}, {**by, "classes": NAMES}
    log = np.log(probabilities())
    yield "logarithms", {**arrays, "logits": log}, {**by, "classes": NAMES, "kind": "logits"}


def test_every_form_has_the_same_scores(tmp_path):
    first = None
    for what, source, options in forms(tmp_path):
        found = tx.score(source, TREE, resamples=20, **options)
        first = first or found
        pd.testing.assert_frame_equal(found.scores, first.scores, rtol=1e-5, obj=what)
        pd.testing.assert_frame_equal(found.levels, first.levels, rtol=1e-5, obj=what)
        assert found.by_group.iloc[:, 1:].to_numpy() == pytest.approx(
            first.by_group.iloc[:, 1:].to_numpy(), rel=1e-5, nan_ok=True
        )
        assert (found.classes, found.samples) == (7, 30)


def labels(*predicted, true="cat"):
    return {"label": [true] * len(predicted), "prediction": list(predicted)}


def test_answers_may_be_inner_nodes_told_apart_by_what_is_above():
    found = tx.score(labels("pets", "PETS", "tools > bat", "cat"), TREE, resamples=0)
    assert found["error"] == 0.75
    assert found["stopped_at_a_node"] == 0.75
    assert found["right_where_stopped"] == pytest.approx(2 / 3)
    # cat and pets meet at pets, of height 1; cat and bat at the root, of height 3.
    assert found["hierarchical_distance"] == (1 + 1 + 3 + 0) / 4
    with pytest.raises(LabelError, match=r"'bat' could each be several .* write 'above > name'"):
        tx.score(labels("bat"), TREE)
    with pytest.raises(LabelError, match="only what was predicted may be one"):
        tx.score(labels("cat", true="pets"), TREE)


def test_columns_are_told_by_name_or_named():
    table = {"gt": ["cat", "dog"], "guess": ["cat", "cat"], "Pred Class": ["dog", "dog"]}
    assert tx.score(table, TREE, resamples=0).notes[0] == (
        "true from 'gt', predicted from 'Pred Class'; not read: 'guess'"
    )
    assert tx.score(table, TREE, resamples=0, true="Pred Class", predicted="guess")["error"] == 1


def test_one_column_may_be_two_things(tmp_path):
    """Groups by what was predicted: each cell is read once, whatever it is asked for."""
    table = pd.DataFrame(labels("cat", "dog", "cat"))
    for source in (table, as_csv(table, tmp_path / "p.csv")):
        found = tx.score(source, TREE, by="prediction", resamples=0)
        assert dict(zip(found.by_group.iloc[:, 0], found.by_group.samples, strict=True)) == {
            "cat": 2, "dog": 1,
        }  # fmt: skip


def test_top_lists_of_probabilities_may_leave_out_zeros():
    rows = [("a", "cat", 0.75), ("a", "dog", 0.25), ("b", "dog", 1.0)]
    table = dict(zip(("id", "class", "score"), map(list, zip(*rows, strict=True)), strict=True))
    table["true"] = ["cat", "cat", "cat"]
    found = tx.score(table, TREE, resamples=0)
    # a: .25 * 1 for dog; b: 1 for dog
    assert (found["error"], found["expected_distance"]) == (0.5, 0.625)


def without(name):
    return wide().drop(columns=name)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (wide(), {"true": "tagret"}, "no column 'tagret' .`true`.*Did you mean 'target'"),
        (without("target"), {}, "the true classes; name it as `true`"),
        (wide(), {"by": "place"}, "no column 'place' .`by`"),
        (wide().rename(columns={"cat": "kat"}), {}, "'kat' are no class .*Did you mean 'cat'"),
        (without("cat"), {}, "Samples are of 'cat', for which there are no scores"),
        (wide(tiger=0.5), {}, "'tiger' are no class .*`ignore`"),
        (wide(CAT=0.5), {}, "'cat', 'CAT' are one class"),
        (wide().replace({"target": {"cat": "lion"}}), {}, "1 of 7 in the column 'target' are no"),
        (wide().assign(target=TRUE + 1), {}, "are no class of the tree: '7'"),
        (wide().assign(target=""), {}, "row 1 of the column 'target' is empty"),
        (wide().assign(dog=np.nan), {}, "no finite number"),
        (wide().assign(dog="x"), {}, "no class|else than numbers"),
        ({"s": 0.5 + 0 * LOGITS, "y": TRUE}, {"classes": NAMES}, "do not sum to 1.*`kind="),
        ({"s": LOGITS, "y": TRUE}, {"classes": NAMES, "kind": "probabilities"}, "no probabilities"),
        ({"s": LOGITS, "y": TRUE}, {"classes": NAMES, "kind": "odds"}, "`kind` is 'odds'"),
        ({"s": LOGITS, "y": TRUE}, {}, "nothing names them.*`classes`"),
        ({"s": LOGITS, "y": TRUE}, {"classes": NAMES[:5]}, "of 7 classes and `classes` has 5"),
        ({"s": LOGITS, "y": TRUE[:9]}, {"classes": NAMES}, "'y' has 9 entries"),
        ({"s": LOGITS, "t": LOGITS, "y": TRUE}, {"classes": NAMES}, "name one as `value`"),
        ({"y": ["0", "1"], "pred": ["0", "0"]}, {}, "as `classes`"),
        ({"y": ["cat"], "pred": ["cat", "dog"]}, {}, "differ in length"),
        (labels("cat"), {"resamples": -1}, "`resamples` is -1"),
        (labels("cat"), {"top": (0,)}, "`top` is 0"),
        (labels("cat"), {"kind": "logit"}, "`kind` is 'logit'. Did you mean 'logits'"),
        (wide(site2=np.float64(1e308)), {"ignore": ("site",)}, "'site2'"),
        (wide().assign(cat=1e308), {}, "is inf, no finite number in 32 bits"),
        (PREDICTIONS, {"true": "label"}, "no columns to name; leave out `true`"),
        (labels("cat"), {"classes": ["cat", "cat"]}, "twice"),
        (labels(), {}, "no predictions to score"),
        (long().iloc[1:], {}, "'0.png' has no score for the class"),
        (pd.concat([long(), long().iloc[:1]]), {}, "has 2 scores for the class 'cat'"),
        (long().assign(label=lambda t: ["cat", "dog"] * 105), {}, "several values in the column"),
        ([1, 2], {}, "cannot be a list"),
        ("no.csv", {}, "no.csv: cannot be read"),
        ("no.xlsx", {}, "no.xlsx: no predictions"),
        ("no", {}, "no: no predictions"),
        (wide(), {"split": "val"}, "Only a run's folder has .*`split`; leave it out"),
        ("no.csv", {"split": "test"}, "Only a run's folder has"),
        (PREDICTIONS, {"split": "test"}, "Only a run's folder has"),
    ],
)
def test_what_is_refused(source, options, message):
    with pytest.raises(TaxonomyError, match=message):
        tx.score(source, TREE, **options)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("label,pred\ncat,dog,cow\n", DataError, "line 2: 3 cells; the header has 2"),
        ("cat,dog,y\n1,2,cat\n1,two,dog\n", DataError, "line 3, column 'dog': 'two' is no number"),
        ('label,pred\n"cat,dog\n', FileFormatError, "not valid CSV"),
        ("label,label,pred\ncat,cat,cat\n", DataError, "'label' is there twice"),
        ("label,pred\n", DataError, "a line a sample"),
        ("", DataError, "a line a sample"),
        ("label,pred\ncat,caf\xe9\n".encode("latin-1"), FileFormatError, "UTF-8"),
    ],
)
def test_texts_that_are_refused(tmp_path, text, error, message):
    path = tmp_path / "p.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(error, match=rf"p\.csv: .*{message}"):
        tx.score(path, TREE)


def test_all_classes_that_do_not_match_are_listed(caplog):
    words = [f"no such {i}" for i in range(12)]
    with caplog.at_level(logging.WARNING), pytest.raises(LabelError, match=r"12 of 13 .*7 more"):
        tx.score(labels("cat", *words), TREE)
    assert all(word in caplog.text for word in words)
