"""Registries: lazy, and helpful when a name or a package is missing."""

from __future__ import annotations

import builtins
import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from taxonomy._core import registry
from taxonomy._core.errors import MissingExtraError, RegistryError
from taxonomy._core.registry import lookup, require
from taxonomy.builders import BUILDERS, get_builder
from taxonomy.data import DATASETS
from taxonomy.similarity import SOURCES, get_source


@pytest.mark.parametrize(
    ("get", "name", "message"),
    [
        (get_source, "wordnett", "Unknown source 'wordnett'. Did you mean 'wordnet'"),
        (get_builder, "clustr", "Unknown builder 'clustr'. Did you mean 'cluster'"),
        (DATASETS.get, "icon", "Unknown dataset 'icon'. Did you mean 'icons'"),
        (get_source, "zzz", r"Unknown source 'zzz'\. Choose from: .*random.*wordnet"),
        (get_source, "_value", "Unknown source '_value'"),
    ],
)
def test_unknown_names_get_a_suggestion(get, name, message):
    with pytest.raises(RegistryError, match=message):
        get(name)


def test_lookup_in_a_table():
    assert lookup("linkage", {"average": 1}, "average") == 1
    with pytest.raises(RegistryError, match=r"Unknown linkage 'avrage'. Did you mean 'average'"):
        lookup("linkage", {"average": 1}, "avrage")


def test_names_are_sorted_and_public():
    for family in (SOURCES, BUILDERS, DATASETS):
        assert list(family) == sorted(family.names())
        assert not any(name.startswith("_") for name in family)


def test_listing_imports_nothing():
    """In a fresh interpreter: all names, and no module of theirs."""
    code = (
        "import sys; from taxonomy.similarity import SOURCES; names = list(SOURCES);"
        "print(*names, '|', *[m for m in sys.modules if m.startswith('taxonomy.similarity.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, _, modules = out.stdout.partition("|")
    assert {"embedding", "precomputed", "random", "wordnet"} <= set(names.split())
    imported = {module.rpartition(".")[2] for module in modules.split()}
    assert imported == {"_sparse", "_value"}


@pytest.mark.parametrize(("module", "extra"), registry.EXTRAS.items())
def test_a_missing_package_is_answered_with_the_pip_line(monkeypatch, module, extra):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

    monkeypatch.setattr(registry.importlib, "import_module", missing)
    with pytest.raises(MissingExtraError) as caught:
        require(module)
    assert f'Type: pip install "taxonomy-experts[{extra}]"' in str(caught.value)
    assert isinstance(caught.value, ImportError)


def test_every_extra_that_is_named_exists():
    import tomllib
    from pathlib import Path

    project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())
    assert set(registry.EXTRAS.values()) <= project["project"]["optional-dependencies"].keys()


def test_another_missing_module_is_not_blamed_on_an_extra(monkeypatch):
    """A bug inside an installed package shows as itself."""

    def broken(name):
        raise ModuleNotFoundError("No module named 'inside'", name="inside")

    monkeypatch.setattr(registry.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="inside") as caught:
        require("torch")
    assert not isinstance(caught.value, MissingExtraError)


def test_third_parties_add_names(monkeypatch):
    point = EntryPoint("ours", "builtins:dict", "taxonomy.source")
    monkeypatch.setattr(
        registry, "registered", lambda family: {"ours": point} if family == "source" else {}
    )
    assert "ours" in SOURCES.names()
    assert SOURCES.get("ours") is builtins.dict
    assert "ours" not in BUILDERS.names()


def test_what_an_installed_package_registers_is_found(tmp_path, monkeypatch):
    about = tmp_path / "ours-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[taxonomy.source]\nours = builtins:dict\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = registry.registered.__wrapped__("source")
    assert found["ours"].load() is builtins.dict


def test_third_parties_cannot_take_a_name(monkeypatch):
    point = EntryPoint("wordnet", "builtins:dict", "taxonomy.source")
    monkeypatch.setattr(registry, "registered", lambda _: {"wordnet": point})
    with pytest.raises(RegistryError, match=r"registers the source 'wordnet'.*uninstall"):
        get_source("wordnet")


@pytest.mark.parametrize("family", [SOURCES, BUILDERS, DATASETS])
def test_every_class_has_a_name_of_its_own_and_is_importable_from_its_room(family):
    for name in family:
        cls = family.get(name)
        room = importlib.import_module(cls.__module__.rpartition(".")[0])
        assert getattr(room, cls.__name__) is cls
        assert cls.__name__ in room.__all__
        assert cls.__name__ in dir(room)
        assert family.name_of(cls()) == name


@pytest.mark.parametrize("family", [SOURCES, BUILDERS, DATASETS])
def test_every_public_module_of_a_room_is_registered(family):
    """Nothing that looks registered is left out of the table."""
    room = importlib.import_module(next(iter(family.classes.values())).rpartition(".")[0])
    # One module may hold several, as the icons' holds both of their sets.
    homes = {home.rpartition(".")[2] for home in family.classes.values()}
    stems = {module.name for module in pkgutil.iter_modules(room.__path__)}
    public = {stem for stem in stems if not stem.startswith("_")}
    others = {"request", "preprocessing", "survey", "imported"}  # what stands beside them
    assert public - others == homes


def test_unknown_options_get_a_suggestion():
    with pytest.raises(RegistryError, match=r"no option 'mesure'\. Did you mean 'measure'"):
        get_source("wordnet", mesure="lin")


def test_a_name_or_an_instance_serves():
    assert SOURCES.resolve("random", {"seed": 3}) == get_source("random", seed=3)
    source = get_source("random")
    assert SOURCES.resolve(source, {}) is source
    with pytest.raises(RegistryError, match="has its options already; give seed to it"):
        SOURCES.resolve(source, {"seed": 3})
