"""What a study's file may say, and how it is told what it may not."""

from __future__ import annotations

import math

import pytest

from taxonomy._core.errors import FileFormatError, TrainingError
from taxonomy.studies import NetworkChoice, StudyConfig
from tests.support.studies import study_folder

LEAST = 'data = "icons"\n[hierarchies.llm]\ntree = "icons/llm-rows-24"\n'


def read(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text)
    return StudyConfig.load(path)


def test_a_short_file_has_the_usual_rest(tmp_path):
    config = read(tmp_path, LEAST)
    assert config.seeds == (0,)
    assert [*config.networks] == ["recommended"]
    assert config.flat.widths == (0.25, 0.35, 0.6)
    assert config.setting("llm", "recommended") == "llm"


def test_a_family_is_one_word_or_several(tmp_path):
    one = read(tmp_path, f'{LEAST}family = "llm"\n')
    two = read(tmp_path, f'{LEAST}family = ["llm", "wordnet"]\n')
    assert one.hierarchies["llm"].family == ("llm",)
    assert two.hierarchies["llm"].family == ("llm", "wordnet")


@pytest.mark.parametrize("macs", [math.nan, math.inf])
def test_a_budget_is_a_number(macs):
    with pytest.raises(TrainingError, match="`macs` is"):
        NetworkChoice(macs=macs)


def test_names_may_be_of_any_alphabet(tmp_path):
    config = read(tmp_path, LEAST.replace(".llm]", '."Größe 2_à"]'))
    assert [*config.hierarchies] == ["Größe 2_à"]


def test_paths_are_from_the_studys_folder_wherever_it_is_started(tmp_path, monkeypatch):
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "tree.json").touch()
    (tmp_path / "elsewhere" / "icons").mkdir(parents=True)
    (tmp_path / "elsewhere" / "other.json").touch()
    config = read(tmp_path, f'folder = "inputs"\n{LEAST}')
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert config.folder == str(tmp_path / "inputs")
    assert config.found("tree.json") == str(tmp_path / "inputs" / "tree.json")
    assert config.found("icons") == "icons"  # shipped, whatever lies here
    assert config.found(str(tmp_path / "elsewhere" / "other.json")).endswith("other.json")
    with pytest.raises(TrainingError, match=r"'other.json' is not in the study's folder, .*inputs"):
        config.found("other.json")


def test_what_was_written_as_json_is_read_again(tmp_path):
    from taxonomy._core import io

    config = StudyConfig.load(study_folder(tmp_path))
    io.write_json(tmp_path / "other" / "study.json", config.to_dict())
    assert StudyConfig.load(tmp_path / "other" / "study.json") == config


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LEAST.replace("data", "dta"), "Did you mean 'data'"),
        (LEAST + 'sorce = "wordnet"\n', "Did you mean 'source'"),
        (LEAST + 'source = "wordnet"\n', "leave out one of them"),
        (f"seeds = [1, 1]\n{LEAST}", "give each once"),
        (f"threads = 0\n{LEAST}", "at least 1"),
        (f"resamples = 100\n{LEAST}[networks]\na = {{}}\nb = {{}}", "fewer than 120"),
        (f'split = "train"\n{LEAST}', "choose from: val, test"),
        (LEAST.replace(".llm]", '."../llm"]'), "cannot name a hierarchy"),
        (LEAST.replace(".llm]", ".flat]"), "not 'flat'"),
        (f"{LEAST}[flat]\nwidths = [0.5, 0.5000001]", "`widths` are .* give each once"),
        (f"{LEAST}[networks.a]\nmacs = -1.0", "`macs` is -1.0"),
        ('data = "icons"\n[hierarchies]\n', "at least one hierarchy"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, told):
    with pytest.raises(TrainingError, match=told):
        read(tmp_path, text)


def test_what_is_no_toml_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="no valid TOML"):
        read(tmp_path, "data = icons")
