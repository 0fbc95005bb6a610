"""Recommendations: what is chosen and why, by hand; and the shipped networks, written and run."""

from __future__ import annotations

import csv
import io as text
import json
import shlex
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from taxonomy._core.errors import DataError, ExportError, LabelError
from taxonomy.cli import main
from taxonomy.cli._parsers import parser_of
from taxonomy.design import NetSpec
from taxonomy.export import Recommendation, answering, candidates, recommend, recommending
from taxonomy.export.answering import remembered
from taxonomy.export.candidates import Candidate
from taxonomy.export.figures import medians_in_turns
from taxonomy.labels import class_names
from taxonomy.nets import save_net
from taxonomy.predictions import Predictions
from taxonomy.training import train
from tests.support.pages import ROOT
from tests.support.stripes import CLASSES as PATTERNS
from tests.support.stripes import TREE, picture_folder

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("ai_edge_litert")

FARM = ("cat", "cow", "dog", "horse", "pig")


def answers(right: int, of: int = 20, groups: str = "x") -> Predictions:
    """Return predictions of which the first ones are right: all pictures are of cats."""
    logits = np.zeros((of, 2))
    logits[:, 0] = np.where(np.arange(of) < right, 1, -1)
    return Predictions(["cat", "dog"], logits, np.zeros(of, int), "val", [groups] * of)


def candidate(name: str, right: int, size: int, macs: int = 100, **more) -> Candidate:
    facts = {
        "width": 1.0,
        "masked": False,
        "target": "onnx",
        "precision": "float",
        "params": 10,
        **more,
    }
    expert = SimpleNamespace(classes=("cat", "dog"))
    predictions = facts.pop("predictions", answers(right))
    return Candidate(
        name,
        macs=macs,
        bytes=size,
        foretold=None,
        predictions=predictions,
        expert=expert,
        to=SimpleNamespace(precision="float"),
        write=bytes,
        **facts,
    )


def chosen_of(found, limits=(), took=None, by="bytes") -> Recommendation:
    limits = dict(limits)
    rows = recommending._rows(found, took or [None] * len(found), limits, by, None)
    return Recommendation(("cat", "dog"), limits, by, rows)


# 20 pictures: 18, 17 and 5 are told right; the first two differ by one picture, the last by 13.
THREE = (candidate("large", 18, 900), candidate("middle", 17, 500), candidate("small", 5, 100))


def test_the_cheapest_that_is_not_told_from_the_best_is_chosen():
    found = chosen_of(THREE)
    assert found.choice.network == "middle"
    small, middle, large = found.rows
    # Of 20 pictures, 13 are told right by the best alone: (14 - 1) / 22, by Bonett and Price.
    assert small.behind == pytest.approx(13 / 20)
    gap = 13 / 22
    half = 1.959964 * ((14 / 22 + 1 / 22 - gap**2) / 22) ** 0.5
    assert (small.behind_low, small.behind_high) == pytest.approx((gap - half, gap + half))
    assert small.behind_low > 0 > middle.behind_low
    assert (large.behind, large.behind_low, large.behind_high) == (0, 0, 0)
    assert [row.front for row in found.rows] == [True, True, True]
    shown = str(found)
    assert "chosen: middle onnx float, of the fewest bytes among those that 20 pictures" in shown
    assert "the most accurate is 5.0 points better, 95 % interval -10.8 to 19.9, which may" in shown


def test_where_an_accuracy_is_asked_for_the_cheapest_that_has_it():
    found = chosen_of(THREE, {"min_accuracy": 0.2})
    assert found.choice.network == "small"
    assert "is 65.0 points better" in str(found)
    assert "which is no chance" in str(found)
    assert "may be below `min_accuracy=0.2`: the 95 % interval begins at 11.2%" in str(found)
    assert chosen_of(THREE, {"min_accuracy": 0.9}).choice.network == "large"


def test_equal_prices_are_decided_by_accuracy():
    pair = (candidate("a", 16, 500), candidate("b", 17, 500))
    found = chosen_of(pair)
    assert found.choice.network == "b"
    assert [row.front for row in found.rows] == [True, False]  # the more accurate comes first


def test_the_front_is_of_each_target():
    pair = (candidate("a", 17, 400), candidate("b", 17, 500, target="tflite"))
    assert len(chosen_of(pair).front) == 2
    pair = (candidate("a", 17, 400), candidate("b", 17, 500))
    assert [row.network for row in chosen_of(pair).front] == ["a"]
    assert len(chosen_of(pair, took=[2.0, 1.0]).front) == 2  # the larger one is faster
    assert chosen_of(pair, took=[2.0, 1.0], by="ms").choice.network == "b"


def test_the_nearest_and_what_it_lacks():
    found = chosen_of(THREE, {"max_bytes": 400, "min_accuracy": 0.8})
    assert found.choice is None
    # middle: 25 % too many bytes; small: 69 % of the accuracy is missing; large: 125 %
    assert found.nearest.network == "middle"
    told = "The nearest is middle onnx float: 25 % more bytes than `max_bytes` allows (500 of 400)."
    assert told in found.shortfall()
    assert found.rows[0].fails == ("min_accuracy",)  # the cheapest
    alone = chosen_of(THREE[2:], {"min_accuracy": 0.8, "max_macs": 50})
    told = "55.0 points of accuracy less than `min_accuracy=0.8` asks for (25.0% of 20 pictures, "
    assert told in alone.shortfall()
    assert "100 % more MACs than `max_macs` allows (100 of 50)" in alone.shortfall()


def test_other_pictures_are_not_paired():
    other = candidate("other", 17, 500, predictions=answers(17, groups="y"))
    found = chosen_of((THREE[0], other))
    # Newcombe's interval from Wilson's of 18 and 17 of 20: (.699, .972) and (.640, .948)
    (row,) = [row for row in found.rows if row.network == "other"]
    assert row.behind == pytest.approx(0.05)
    low = 0.05 - np.hypot(0.9 - 0.69897, 0.94763 - 0.85)
    high = 0.05 + np.hypot(0.97213 - 0.9, 0.85 - 0.63968)
    assert (row.behind_low, row.behind_high) == pytest.approx((low, high), abs=1e-3)


@pytest.mark.parametrize(
    "classes",
    [("cat", "it's; rm -rf ~"), ("tench, Tinca tinca", 'a "b"'), ("--json", "-x", "$HOME")],
)
def test_commands_survive_any_name(classes):
    expert = SimpleNamespace(classes=classes)
    one = replace(THREE[0], network="-runs/my net", expert=expert)
    words = shlex.split(recommending._command(one, "my pictures"))
    assert words[:2] == ["taxonomy", "extract"]
    given = parser_of("extract", words[2:]).parse_args(words[2:])
    assert class_names(given.classes) == list(classes)
    assert (given.net, given.calibration) == ("./-runs/my net", "my pictures")


def test_models_take_turns():
    seen = []

    def model(name):
        return lambda pictures: seen.append((name, int(pictures[0, 0, 0, 0])))

    two = np.arange(2, dtype=np.uint8).reshape(2, 1, 1, 1)
    assert len(medians_in_turns([(model("a"), two), (model("b"), two[1:])])) == 2
    assert seen[:4] == [("a", 0), ("b", 1), ("a", 1), ("b", 1)]


def test_a_damaged_cache_is_made_again(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("TAXONOMY_CACHE", str(tmp_path))
    made = answers(3).with_provenance(bytes=7)
    assert remembered(["a"], lambda: made) is made
    again = remembered(["a"], pytest.fail)
    assert again.digest == made.digest
    assert again.provenance["bytes"] == 7
    (file,) = (tmp_path / "predictions").iterdir()
    file.write_bytes(b"PK damaged")
    assert remembered(["a"], lambda: made) is made
    assert "made again" in caplog.text
    assert remembered(["a"], pytest.fail).digest == made.digest


@pytest.fixture(scope="module")
def farm() -> Recommendation:
    return recommend(FARM)


def test_the_shipped_networks(farm):
    trees = {"icons/tree", "icons/tree-aligned", "icons/tree-slim"}
    names = ("icons/flat", "icons/flat-0.25x", "icons/flat-0.35x", *trees)
    assert len(farm.rows) == len(names) * 2 * 2
    assert {row.network for row in farm.rows} == set(names)
    assert {row.network for row in farm.rows if row.kind == "expert"} == trees
    assert farm.notes == ()
    by_name = {row.name: row for row in farm.rows}
    # The bundle's own figures, which the guide for devices shows.
    tree = by_name["icons/tree onnx int8"]
    assert (tree.bytes, tree.accuracy, tree.pictures) == (59_449, pytest.approx(19 / 26), 26)
    thin = by_name["icons/flat-0.25x onnx int8"]
    assert (thin.bytes, thin.accuracy) == (78_004, pytest.approx(11 / 26))
    assert farm.choice == by_name["icons/tree-slim onnx int8"]
    for row in farm.rows:
        assert row.foretold == pytest.approx(row.bytes, rel=0.03)
    frame = farm.to_frame()
    assert frame.loc[frame["choice"], "bytes"].tolist() == [44_905]


def test_the_command_makes_what_the_row_says(farm, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (row,) = [row for row in farm.rows if row.name == "icons/flat-0.25x tflite int8"]
    assert main(shlex.split(row.command)[1:]) == 0
    assert "bundle written to flat-0.25x-tflite-int8" in capsys.readouterr().out
    made = json.loads((tmp_path / "flat-0.25x-tflite-int8" / "bundle.json").read_text())
    assert made["cost"]["bytes"] == row.bytes
    assert made["measured"]["accuracy"]["top1"] == pytest.approx(row.accuracy, abs=1e-6)


def test_twice_the_same_from_the_cache(farm, monkeypatch):
    def never(*_):
        raise AssertionError("nothing is computed again")

    monkeypatch.setattr(answering, "predictions_on", never)
    monkeypatch.setattr(candidates, "predictions_of", never)
    assert recommend("pig,horse,dog,cow,cat").digest == farm.digest


def test_the_guide_shows_it(farm):
    """Its rows in floats, which all processors compute alike to the last picture."""
    page = (ROOT / "docs" / "guides" / "devices.md").read_text(encoding="utf-8")
    lines = str(recommend(FARM, targets=["onnx"])).splitlines()
    shown = [line for line in lines if "  float  " in line or line.startswith("taxonomy ")]
    assert len(shown) == 7
    assert all(f"{line}\n" in page for line in [lines[0], *shown])


def test_limits_and_time():
    asked = {"targets": ["onnx"], "precisions": ["float"]}
    found = recommend(FARM, ["icons/tree", "icons/flat-0.35x"], max_ms=1e3, by="ms", **asked)
    assert all(row.ms > 0 for row in found.rows)
    assert found.rows[0].ms <= found.rows[1].ms


@pytest.fixture(scope="module")
def run(stripes, tmp_path_factory):
    spec = NetSpec.tree(trunk=((4, 0),), levels=((8, 1),), resolution=16)
    place = tmp_path_factory.mktemp("runs") / "mine"
    return train(place, TREE, stripes, spec=spec, epochs=1, progress=False)


def test_a_run_by_its_stored_predictions(run):
    found = recommend(PATTERNS[:3], [run.path], targets=["onnx"])
    (row,) = found.rows
    stored = run.predictions("val").restrict(PATTERNS[:3])
    assert (row.accuracy, row.pictures) == (stored.accuracy(), 30)
    assert (row.kind, row.network) == ("expert", str(run.path))
    assert "in int8 is left out: nothing says which pictures calibrate it; name" in found.notes[0]


def test_a_file_on_a_folder_of_pictures(run, tmp_path, capsys):
    save_net(tmp_path / "net.safetensors", run.net())
    photos = picture_folder(tmp_path / "photos")
    with pytest.raises(DataError, match=r"which pictures is it to be scored on.*`data`"):
        recommend(PATTERNS, [tmp_path / "net.safetensors"])
    words = ["recommend", str(tmp_path / "net.safetensors"), "--classes", ",".join(PATTERNS[:3])]
    assert main([*words, "--data", str(photos), "--target", "tflite", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["precision"] for row in told["rows"]} == {"float", "int8"}
    for row in told["rows"]:
        made = shlex.split(row["command"])[1:]
        assert main([*made[:-1], str(tmp_path / row["precision"])]) == 0
    assert (tmp_path / "int8" / "model.tflite").is_file()


def test_what_int8_loses_too_much_of_is_left_out(monkeypatch):
    monkeypatch.setattr(candidates, "parity_of", refuse)
    found = recommend(FARM, ["icons/tree"], targets=["onnx"])
    assert [row.precision for row in found.rows] == ["float"]
    assert found.notes == ("icons/tree for onnx in int8 is left out: it loses 9 points.",)


def refuse(*_):
    raise ExportError("it loses 9 points.")


def test_the_command_prints_tables(capsys):
    words = ["recommend", "icons/tree", "icons/flat-0.25x", "--classes", ",".join(FARM)]
    words += ["--target", "onnx", "--precision", "int8"]
    assert main([*words, "--max-kb", "70"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("*  icons/tree        expert  onnx    int8")
    assert lines[2].startswith("+  icons/flat-0.25x  masked  onnx    int8")
    assert lines[2].endswith("bytes")
    assert main([*words, "--csv"]) == 0
    rows = list(csv.DictReader(text.StringIO(capsys.readouterr().out)))
    assert [row["bytes"] for row in rows] == ["59449", "78004"]
    assert [row["choice"] for row in rows] == ["True", "False"]


def test_where_nothing_will_do_the_command_fails_and_says_why(capsys):
    words = ["recommend", "icons/tree", "--classes", ",".join(FARM), "--target", "onnx"]
    assert main([*words, "--max-kb", "50", "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["choice"] is None
    assert "19 % more bytes than --max-kb allows (59,449 of 50,000)" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--min-accuracy 90", "--min-accuracy 90 is no share; give one from 0 to 1."),
        ("--max-kb -1", "--max-kb is no number above 0."),
        ("--max-macs nan", "--max-macs is no number above 0."),
    ],
)
def test_limits_that_are_none(words, message, capsys):
    assert main(["recommend", "--classes", "cat,dog", *words.split()]) == 2
    assert message in capsys.readouterr().err


def test_classes_that_nobody_knows():
    with pytest.raises(LabelError, match=r"Unknown class 'wombat'.*name `nets`"):
        recommend(["wombat", "cat"])
    with pytest.raises(LabelError, match="Unknown class 'wombat'"):
        recommend(["wombat"], ["icons/tree"])
    with pytest.raises(ExportError, match="is one text where networks are wanted"):
        recommend(["cat"], "icons/tree")


def test_patterns_are_those_of_extract():
    found = recommend("c*t,dog", ["icons/flat-0.25x"], targets=["onnx"], precisions=["float"])
    assert set(found.classes) > {"cat", "dog"}
    assert found.rows[0].kind == "masked"
