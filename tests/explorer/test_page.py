"""The page lets nothing in and nothing out, whatever the classes are called."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from taxonomy import get_tree
from taxonomy.design import NetSpec
from taxonomy.explorer import Explorer
from taxonomy.explorer.page import SCRIPTS
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.explored import HOSTILE, scored_by_chance, tiny_networks

STATIC = Path(__file__).parents[2] / "taxonomy/explorer/static"


class Elements(HTMLParser):
    """Collects elements, with the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.texts.append((tag, ""))

    def handle_endtag(self, tag):
        self.found.append((f"/{tag}", {}))

    def handle_data(self, data):
        if self.found and self.found[-1][0] in ("script", "style"):
            tag, text = self.texts[-1]
            self.texts[-1] = (tag, text + data)


@pytest.fixture(scope="module")
def text():
    return Explorer.of(tiny_networks(HOSTILE)).to_html()


def test_the_policy_allows_the_pages_own_script_and_style_alone(text):
    elements = Elements(text)
    (policy,) = (
        given["content"]
        for tag, given in elements.found
        if given.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    (style,) = (text for tag, text in elements.texts if tag == "style")
    data, script = (text for tag, text in elements.texts if tag == "script")

    def hashed(part):
        return f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'"

    assert rules == {
        "default-src": "'none'",
        "script-src": hashed(script),
        "style-src": hashed(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert json.loads(data)["classes"] == sorted(HOSTILE)


def test_names_are_neither_markup_nor_placeholders(text):
    """The elements are those of a page with harmless names."""
    harmless = Explorer.of(tiny_networks([f"c{i:02d}" for i in range(len(HOSTILE))])).to_html()
    kinds = [Counter(tag for tag, _ in Elements(one).found) for one in (text, harmless)]
    assert kinds[0] == kinds[1]
    assert kinds[0]["script"] == 2
    assert kinds[0]["img"] == 0


def test_nothing_is_loaded_and_nothing_stands_in_attributes_that_runs(text):
    for tag, given in Elements(text).found:
        assert not [name for name in given if name.startswith("on") or name in ("src", "style")], (
            tag
        )
        assert tag not in ("link", "iframe", "object", "embed", "base")
    without_data = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    addresses = set(re.findall(r"https?://[^\"'\s]+", without_data))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name of elements, not an address


def test_the_script_makes_no_markup_of_texts():
    script = "".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
    ):
        assert way not in script
    assert not re.search(
        r"new Function|fetch\(|setTimeout\(\s*[\"'`]|import\(|XMLHttp|WebSocket", script
    )


def test_the_parts_of_the_script_have_no_name_twice():
    """They become one script: the later function would silently take the earlier one's place."""
    names = Counter[str]()
    for part in SCRIPTS:
        lines = (STATIC / f"{part}.js").read_text(encoding="utf-8")
        names.update(
            re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", lines, re.MULTILINE)
        )
    assert {name for name, count in names.items() if count > 1} == set()


def test_every_file_is_used():
    names = {path.name for path in STATIC.iterdir()}
    assert names == {"page.html", "page.css", *(f"{part}.js" for part in SCRIPTS)}


def test_icons_with_three_networks_stay_far_below_five_megabytes():
    """Even where they know nothing: a picture has a hundred rivals then, and else two or three."""
    nets = {}
    for seed, name in enumerate(["icons/llm-rows", "icons/wordnet"]):
        tree = get_tree(name)
        spec = NetSpec.tree(levels=((48, 1), (32, 1)))
        nets[name] = scored_by_chance(tree, spec, seed, each=8, lead=0)
    star = Hierarchy.star(tree.leaves)
    nets["flat"] = scored_by_chance(star, NetSpec.flat(), 2, each=8, lead=0)
    one = TaskList([Task("all", star.leaves)], star.leaves)
    assert len(Explorer.of(nets, tasks=one).to_html().encode()) < 3_000_000
