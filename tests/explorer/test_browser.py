"""The page in a real browser: its numbers are Python's, by mouse, keyboard and address."""

from __future__ import annotations

import ast
import json
import math
import shlex
import time
from urllib.parse import quote

import numpy as np
import pytest

from taxonomy.cli._parsers import parser_of
from taxonomy.explorer import Explorer, Timing
from taxonomy.explorer.thumbnails import thumbnails
from taxonomy.labels import class_names
from taxonomy.tasks import Task, TaskList
from tests.support.devtools import browsing, chromium
from tests.support.explored import HOSTILE, tiny_networks
from tests.support.stripes import CLASSES

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium is installed: the explorer is not seen in a browser"
)

IDS = sorted([*CLASSES, *(f"c{i:02d}" for i in range(8))])
STRANGE = "-<b onclick=x>'n\"$(id)</b>"
"""A network's name that is a flag, markup and a command."""
TIMING = Timing(0.5, 0.25, 0.125, 0.02, 24, "onnxruntime", 1, "a <b>laptop</b>")


@pytest.fixture(scope="module")
def page(stripes):
    tasks = TaskList([Task("stripes", CLASSES[:2]), Task("some", tuple(IDS[:5]))], IDS)
    sheet = thumbnails(stripes, IDS, 16)
    return Explorer.of(
        tiny_networks(IDS), tasks=tasks, sheet=sheet, timings=dict.fromkeys(("two", "flat"), TIMING)
    )


@pytest.fixture(scope="module")
def hostile():
    nets = tiny_networks(HOSTILE)
    named = {"two": nets["two"], STRANGE: nets["deep"], "flat": nets["flat"]}
    return Explorer.of(named, widths={STRANGE: 0.5})


@pytest.fixture(scope="module")
def addresses(page, hostile, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages with spaces & äöü #")
    return {
        name: "file://" + quote(str(one.save(folder / f"{name}.html")))
        for name, one in {"page": page, "hostile": hostile}.items()
    }


@pytest.fixture(scope="module")
def browser():
    with browsing() as found:
        yield found


@pytest.fixture
def shown(browser, addresses):
    """The page just opened on a desk; it must not complain while a test lasts."""
    browser.show_as(1300, 900)
    browser.open(addresses["page"])
    yield browser
    assert browser.problems == []


NUMBERS = """Object.fromEntries([...document.querySelectorAll('#table tbody tr')].map((row) => [
  row.dataset.network,
  Object.fromEntries([...row.querySelectorAll('td[data-key]')].map((cell) =>
    [cell.dataset.key, cell.dataset.value])),
]))"""
HEADLINE = """Object.fromEntries(
  [...document.querySelectorAll('#headline dd[data-key]')].map((cell) =>
    [cell.dataset.key, cell.dataset.value]))"""
KEYS = {
    "macs": "macs",
    "params": "params",
    "float": "float_bytes",
    "int8": "int8_bytes",
    "ms": "ms",
}


def ticked(browser):
    """The ids in the fragment, sorted as the page sorts them."""
    (words,) = browser.run("location.hash").partition("classes=")[2].split("&")[:1]
    return [json.loads(f'"{x}"') for x in words.split(",") if x]


def check_numbers(browser, page, classes):
    """Compare all that the page shows with what Python says."""
    for network, cells in browser.run(NUMBERS).items():
        found = page.ask(network, classes)
        for shown, name in KEYS.items():
            wanted = getattr(found, name)
            if wanted is None:
                assert cells.get(shown) is None
            else:
                assert float(cells[shown]) == wanted, (network, shown)
        assert float(cells["accuracy"]) == found.accuracy
        assert math.isclose(float(cells["low"]), found.low, abs_tol=1e-12)
    assert float(browser.run(HEADLINE)["accuracy"]) == page.ask("two", classes).accuracy


def test_it_opens_from_the_disk_with_the_first_task(shown, page):
    assert shown.run("document.querySelector('main').hidden") is False
    assert shown.run("document.getElementById('notice')") is None
    check_numbers(shown, page, CLASSES[:2])


def test_numbers_are_pythons_for_any_classes(shown, page):
    rng = np.random.default_rng(0)
    for _ in range(25):
        classes = sorted(rng.choice(IDS, rng.integers(1, len(IDS) + 1), replace=False).tolist())
        shown.run(f"location.hash = '#net=two&classes={','.join(classes)}'; 0")
        shown.run("new Promise((done) => setTimeout(done, 0))")
        assert ticked(shown) == classes
        check_numbers(shown, page, classes)


def test_a_click_ticks_a_class_or_a_whole_branch(shown, page):
    shown.click("#none")
    assert shown.text("#title") == "Tick some classes"
    shown.click("[role=treeitem].leaf")
    (first,) = ticked(shown)
    check_numbers(shown, page, [first])
    shown.click(".node:not(.top) > .box > .check")
    branch = ticked(shown)
    assert branch == sorted(IDS)[: len(branch)]
    assert len(branch) == 7
    check_numbers(shown, page, branch)
    item = "document.querySelector('.node:not(.top)')"
    assert shown.run(f"{item}.getAttribute('aria-checked')") == "true"
    assert shown.run("document.querySelectorAll('.node.lit').length") == 2  # the trunk and one more


def test_it_is_worked_by_keys_alone(shown, page):
    shown.click("#none")
    shown.run("document.querySelector('#tree [tabindex=\"0\"]').focus()")
    focused = (
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    )
    assert shown.run(focused).startswith("all classes")
    shown.press("ArrowDown")
    assert "7 classes" in shown.run(focused)
    shown.press("ArrowRight", "ArrowRight", " ", "ArrowDown", " ")
    assert ticked(shown) == sorted(IDS)[:2]
    check_numbers(shown, page, ticked(shown))
    shown.press("ArrowLeft")
    assert "7 classes" in shown.run(focused)
    shown.press("ArrowLeft")
    assert shown.run("document.activeElement.getAttribute('aria-expanded')") == "false"
    shown.press("Enter")
    assert shown.text("#crumbs").startswith("all classes›")
    assert shown.run("document.querySelectorAll('#tree .node').length") == 1
    shown.press("Escape")
    assert shown.text("#crumbs") == "all classes"
    shown.press("End")
    last = shown.run(focused)
    shown.press("Home", "d")
    assert shown.run(focused) != last
    assert shown.run("document.querySelectorAll('#tree [tabindex=\"0\"]').length") == 1


def test_tab_goes_through_controls_in_the_order_of_the_page(shown):
    order = []
    for _ in range(12):
        shown.press("Tab")
        order.append(
            shown.run(
                "document.activeElement.id || document.activeElement.getAttribute('role')"
                " || document.activeElement.name || document.activeElement.tagName"
            )
        )
    wanted = ["theme", "network", "search", "tasks", "paste", "all", "none", "BUTTON", "treeitem"]
    assert order[: len(wanted)] == wanted


def test_the_tree_says_what_it_is(shown):
    roles = shown.ask("Accessibility.getFullAXTree")["nodes"]
    items = [node for node in roles if node["role"]["value"] == "treeitem"]
    assert len(items) == len(IDS) + 3
    names = [node["name"]["value"] for node in items]
    assert "plain" in names
    states = {
        node["name"]["value"]: {p["name"]: p["value"].get("value") for p in node["properties"]}
        for node in items
    }
    assert states["across-fine"]["checked"] == "true"
    assert states["across-fine"]["level"] == 3
    assert states[next(n for n in names if n.startswith("all classes"))]["checked"] == "mixed"


def test_the_fragment_restores_everything(shown, page, addresses):
    state = "#net=deep&classes=c00,c01,plain&axis=params&at=1&theme=dark"
    shown.open(addresses["page"] + state)
    assert shown.run("location.hash") == state
    assert shown.run("document.querySelector('#networks input:checked').value") == "deep"
    assert shown.run("document.getElementById('axis').value") == "params"
    assert shown.run("document.documentElement.dataset.theme") == "dark"
    assert shown.run("document.querySelectorAll('#crumbs button').length") == 2
    accuracy = shown.run(HEADLINE)["accuracy"]
    assert float(accuracy) == page.ask("deep", ["c00", "c01", "plain"]).accuracy


@pytest.mark.parametrize(
    "fragment", ["#net=nobody&classes=x,y&at=99&axis=z", "#%%%", "#at=-1&theme=%3Cb%3E", "#=&&"]
)
def test_a_fragment_that_says_nothing_known_is_passed_over(shown, addresses, fragment):
    shown.open(addresses["page"] + fragment)
    assert shown.run("document.querySelector('#networks input:checked').value") == "two"


def test_networks_are_switched_and_compared(shown, page):
    before = shown.run(NUMBERS)
    shown.click("#networks label:nth-of-type(2)")
    assert shown.run("location.hash").startswith("#net=deep")
    after = shown.run(NUMBERS)
    assert next(iter(after)) == "deep"
    assert {name: cells["accuracy"] for name, cells in after.items()} == {
        name: cells["accuracy"] for name, cells in before.items()
    }
    shown.click("#table tbody tr:last-child button")
    assert not shown.run("location.hash").startswith("#net=deep")


def test_a_network_without_a_time_is_not_compared_by_time(shown, addresses):
    shown.open(f"{addresses['page']}#net=deep&classes=c00,c01&axis=ms")
    assert shown.text("#verdict") == "It keeps the trunk and 2 of 5 branches."
    shown.open(f"{addresses['page']}#net=two&classes=c00,c01&axis=ms")
    assert "nearest to it in time, flat" in shown.text("#verdict")


def test_a_point_moves_as_classes_are_ticked(shown):
    where = "document.querySelector('#plot .point.expert').style.transform"
    before = shown.run(where)
    shown.click("#all")
    assert shown.run(where) != before
    assert shown.run("document.querySelectorAll('#plot .point').length") == 3


def test_searching_shows_and_ticks_what_is_found(shown):
    shown.click("#none")
    shown.run("document.getElementById('search').focus()")
    for letter in "own-":  # no node is called by a class with that
        shown.press(letter)
    assert shown.texts("#tree .leaf .name") == ["down-fine", "down-wide"]
    assert shown.run("document.querySelectorAll('#tree mark').length") == 2
    shown.click("#tick-found")
    assert ticked(shown) == ["down-fine", "down-wide"]


def test_names_are_pasted(shown):
    shown.click("#paste")
    shown.run("document.getElementById('pasted').value = 'Plain, across fine\\nc03; nobody'")
    shown.click("#tick-pasted")
    assert ticked(shown) == ["across-fine", "c03", "plain"]
    assert "unknown: nobody" in shown.text("#unknown")


def test_a_command_is_copied_or_at_least_selected(shown):
    shown.click("#commands button")
    shown.run("new Promise((done) => setTimeout(done, 50))")
    assert shown.texts("#commands button")[0] in ("Copied", "Selected")


def test_a_task_is_chosen(shown):
    shown.run(
        "(() => { const one = document.getElementById('tasks'); one.value = '1';"
        "one.dispatchEvent(new Event('change')); })()"
    )
    assert ticked(shown) == IDS[:5]


def test_the_theme_is_the_systems_until_it_is_switched(shown):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = shown.run(ground)
    shown.show_as(1300, 900, dark=True)
    dark = shown.run(ground)
    assert dark != light
    shown.click("#theme")
    assert shown.run(ground) == light
    assert "theme=light" in shown.run("location.hash")


@pytest.mark.parametrize("width", [320, 390, 800, 1300])
def test_nothing_is_wider_than_the_window(shown, width):
    shown.show_as(width, 800)
    assert shown.run("document.documentElement.scrollWidth") <= width
    for part in ("#tree", "#expert"):
        box = f"document.querySelector('{part}').getBoundingClientRect()"
        assert shown.run(f"{box}.right") <= width


@pytest.mark.parametrize("network", ["two", STRANGE])
def test_what_is_copied_names_just_these_classes_whatever_they_are_called(
    browser, addresses, hostile, network
):
    """By the command's own parser after a shell's, and by Python's."""
    browser.show_as(1300, 900)
    rng = np.random.default_rng(1)
    picks = [[name] for name in HOSTILE] + [
        rng.choice(HOSTILE, 5, replace=False).tolist() for _ in range(10)
    ]
    browser.open(addresses["hostile"])
    for names in picks:
        words = ",".join(quote(name, safe="") for name in names)
        fragment = f"#net={quote(network, safe='')}&classes={words}"
        browser.run(f"location.hash = {json.dumps(fragment)}; 0")
        browser.run("new Promise((done) => setTimeout(done, 0))")
        command, line = browser.texts("#commands code")
        program, name, *rest = shlex.split(command)
        assert (program, name) == ("taxonomy", "extract")
        given = parser_of("extract", rest).parse_args(rest)
        assert sorted(class_names(given.classes)) == sorted(names)
        assert given.net == ("two" if network == "two" else f"./{network}")
        assert given.width == (1 if network == "two" else 0.5)
        call = ast.parse(line).body[0].value
        assert [ast.literal_eval(one) for one in call.args] == [network, sorted(names)]
        more = {one.arg: ast.literal_eval(one.value) for one in call.keywords}
        assert more == ({} if network == "two" else {"width": 0.5})
        check_hostile(browser, hostile, names)
    assert browser.problems == []


def check_hostile(browser, hostile, names):
    """Its numbers are right, its names are texts, and none of them has run."""
    for network, cells in browser.run(NUMBERS).items():
        assert float(cells["accuracy"]) == hostile.ask(network, names).accuracy
    assert (
        browser.run("document.querySelectorAll('img, script:not([type]) ~ script, b').length") == 0
    )
    assert browser.run("document.getElementById('chosen').textContent").split(", ")[0] in HOSTILE


def seen(browser, node) -> bool:
    """Wait until an element can be seen, without the page's scripts."""
    browser.ask("CSS.enable")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        style = browser.ask("CSS.getComputedStyleForNode", nodeId=node)["computedStyle"]
        if {"name": "visibility", "value": "visible"} in style:
            return True
        time.sleep(0.05)
    return False


def test_without_scripts_it_says_what_to_do(browser, addresses):
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(addresses["page"])
        browser.ask("DOM.enable")
        root = browser.ask("DOM.getDocument", depth=-1)["root"]["nodeId"]
        notice, main = (
            browser.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
            for selector in ("#notice", "main[hidden]")
        )
        assert browser.ask("DOM.getBoxModel", nodeId=notice)["model"]["width"] > 300
        assert seen(browser, notice)
        assert "Allow scripts" in browser.ask("DOM.getOuterHTML", nodeId=notice)["outerHTML"]
        assert main
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_a_script_of_a_strangers_does_not_run(shown):
    """The policy holds where markup gets in after all."""
    shown.run(
        "(() => { const one = document.createElement('script');"
        "one.textContent = 'window.hacked = 1'; document.body.append(one);"
        "const two = document.createElement('img'); two.src = 'https://127.0.0.1/x.png';"
        "document.body.append(two); })()"
    )
    assert shown.run("window.hacked") is None
    told = " ".join(shown.problems)
    assert "Content Security Policy" in told
    assert "script-src" in told
    assert "img-src" in told
    shown.problems.clear()


def test_it_prints_on_a_few_pages_without_its_controls(shown):
    data = shown.pdf()
    assert data.startswith(b"%PDF")
    assert data.count(b"/Type /Page\n") <= 4
    shown.ask("Emulation.setEmulatedMedia", media="print")
    hidden = (
        "['#search', '#theme', '#summary', '#axis', '.hint', '.command button'].filter((one) =>"
    )
    assert shown.run(f"{hidden} document.querySelector(one).offsetWidth > 0)") == []
    assert shown.run("document.getElementById('axis-name').offsetWidth") > 0
    shown.ask("Emulation.setEmulatedMedia", media="")
