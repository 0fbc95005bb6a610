"""The page for browsers: what it is made of, and in Chromium that it answers as Python does."""

from __future__ import annotations

import base64
import hashlib
import io as streams
import json
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from taxonomy._core.errors import ExportError
from taxonomy.data import get_data
from taxonomy.design import NetSpec
from taxonomy.export import ONNX, Browser, bundle
from taxonomy.export.to_browser import RUNTIME, RUNTIME_FILES, page
from taxonomy.nets import get_net
from taxonomy.trees.hierarchy import Hierarchy
from tests.export.test_bundling import small
from tests.nets.test_hierarchical import settled
from tests.support.devtools import browsing, chromium, shown
from tests.support.storm import served

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SIZES = {"wide": (1200, 900), "phone": (390, 844)}
FARM = ("cat", "cow", "dog", "horse", "pig")


class TestTheFolder:
    def test_it_is_a_bundle_with_a_page(self, tmp_path):
        made = bundle(small(), tmp_path / "page", "browser")
        assert (made.path / "index.html").read_text() == page()
        assert "index.html" in made.manifest["files"]
        assert made.manifest["target"] == "browser"
        assert (made.path / "model.onnx").read_bytes() == ONNX(lowering="grouped").model(small())

    def test_the_runtime_is_copied_and_its_place_is_not_told(self, tmp_path):
        place = tmp_path / "here"
        place.mkdir()
        for name in RUNTIME_FILES:
            (place / name).write_bytes(name.encode())
        made = bundle(small(), tmp_path / "page", "browser", web_runtime=str(place))
        assert all((made.path / name).read_text() == name for name in RUNTIME_FILES)
        assert str(place) not in json.dumps(made.manifest)
        (place / RUNTIME_FILES[0]).unlink()
        with pytest.raises(ExportError, match=r"holds no ort\.wasm\.min\.js; give as `web_runt"):
            Browser(web_runtime=str(place))

    def test_a_page_sends_one_picture(self):
        with pytest.raises(ExportError, match=r"`batch` is 2; a page sends one picture"):
            Browser(batch=2)

    def test_levels_run_grouped_unless_told_otherwise(self):
        tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
        spec = NetSpec.tree(trunk=((8, 0),), levels=((20, 1),), resolution=16)
        net = settled(spec, tree, 0)
        assert ONNX().model(net) != ONNX(lowering="grouped").model(net)  # faster elsewhere
        assert Browser().model(net) == ONNX(lowering="grouped").model(net)
        assert Browser(lowering="dense").model(net) == ONNX(lowering="dense").model(net)

    def test_no_name_is_in_the_page_and_nothing_comes_from_elsewhere(self, tmp_path):
        text = page()
        assert "@" not in re.sub(r"@media", "", text)
        assert not re.search(r"https?:|//[a-z]|innerHTML|eval\(|style=|\bon\w+=", text)
        policy = re.search('Content-Security-Policy" content="(.*?)"', text)[1]
        script = re.search("<script>(.*?)</script>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}'" in policy
        assert "unsafe-inline" not in policy


def photographs() -> dict[str, bytes]:
    """Return real pictures without transparent parts, larger and smaller than the square."""
    images = get_data("icons").part("val").restrict(FARM).images[:60:4]
    made = {}
    for number, icon in enumerate(np.asarray(images)):
        whole = Image.fromarray(np.ascontiguousarray(icon.transpose(1, 2, 0)), "RGBA")
        ground = Image.new("RGBA", whole.size, "white")
        flat = Image.alpha_composite(ground, whole).convert("RGB")
        size = [(32, 32), (200, 150), (97, 131), (40, 33), (640, 480), (20, 25), (30, 400)]
        file = streams.BytesIO()
        flat.resize(size[number % len(size)]).save(file, "PNG")
        made[f"{number}.png"] = file.getvalue()
    return made


ASK = """async data => {
  const file = new Blob([Uint8Array.from(atob(data), c => c.charCodeAt(0))], {type: "image/png"});
  const bytes = await prepared(file);
  return {bytes: [...bytes], logits: [...await run(bytes)]};
}"""


def runtime() -> str:
    """Return the folder of onnxruntime-web's files, or skip the test where it is not given."""
    folder = Path(os.environ.get("ONNXRUNTIME_WEB", ""))
    if not all((folder / name).is_file() for name in RUNTIME_FILES):
        pytest.skip(f"needs ONNXRUNTIME_WEB, the folder dist of npm's {RUNTIME}")
    return str(folder)


SCROLLS = "document.documentElement.scrollWidth - innerWidth"
"""Pixels by which a page is wider than the window."""


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="needs Chromium")
class TestInChromium:
    @pytest.mark.parametrize(
        ("options", "classes", "allowed"),
        [
            ({}, FARM, 1e-4),
            ({"input": "float", "batch": 0}, FARM, 1e-4),
            ({"reject": "both"}, FARM, 1e-4),
            ({}, None, 1e-4),
            ({"precision": "int8"}, FARM, 0.05),
        ],
        ids=["float", "any number of floats", "with siblings", "the whole tree", "int8"],
    )
    def test_answers_are_pythons(self, tmp_path, options, classes, allowed):
        made = bundle(
            "icons/tree",
            tmp_path / "page",
            "browser",
            classes=classes,
            web_runtime=runtime(),
            **options,
        )
        python = Browser(**{k: v for k, v in options.items() if k in ("input", "batch")})
        python = python.runner(made.path / "model.onnx")
        preprocessing = get_net("icons/tree").preprocessing
        with browsing() as page, shown(made.path) as address:
            page.open(address)
            page.wait_for("#drop")
            for data in photographs().values():
                found = page.call(ASK, base64.b64encode(data).decode())
                square = preprocessing.picture(streams.BytesIO(data))
                made_there = np.reshape(found["bytes"], square.shape).astype(np.uint8)
                off = np.abs(made_there.astype(int) - square).max()
                with Image.open(streams.BytesIO(data)) as whole:
                    assert off <= (whole.height > 2 * whole.width)  # see `Browser`
                wanted = python(made_there[None])[0]
                gap = np.abs(np.array(found["logits"]) - wanted).max()
                assert gap <= allowed * max(1, np.abs(wanted).max())
            assert page.problems == []

    @pytest.mark.parametrize("size", ["wide", "phone"])
    def test_a_person_drops_a_picture(self, tmp_path, size):
        made = bundle(
            "icons/tree",
            tmp_path / "page",
            "browser",
            classes=FARM,
            reject="both",
            web_runtime=runtime(),
        )
        file = tmp_path / "picture.png"
        file.write_bytes(photographs()["1.png"])
        with browsing() as page, shown(made.path) as address:
            page.show_as(*SIZES[size])
            page.open(address)
            page.wait_for("#drop")
            page.give("#file", file)
            page.wait_for(".bar")
            found = page.texts(".bar span:first-child")
            square = get_net("icons/tree").preprocessing.picture(file)
            logits = ONNX().runner(made.path / "model.onnx")(square[None])[0]
            kept = [
                i for i, label in enumerate(made.manifest["labels"]) if not label.get("rejected")
            ]
            best = sorted(kept, key=lambda i: -logits[i])
            assert found == [made.manifest["labels"][i]["id"] for i in best]
            assert re.search(r"[\d.]+ ms for the expert", page.text("#told"))
            wide = page.run(SCROLLS)
            assert wide <= 0  # nothing to scroll for sideways
            page.give("#file", made.path / "labels.txt")
            page.wait_for("#told.bad")
            assert "no picture" in page.text("#told")
            assert page.problems == []

    def test_names_do_nothing_to_the_page(self, tmp_path):
        names = ["<img src=x onerror=alert(1)>", "</script><script>document.title='x'</script>"]
        tree = Hierarchy.from_nested([names, ["cat", "dog"]])
        net = settled(NetSpec.tree(trunk=((4, 0),), levels=((8, 1),), resolution=16), tree, 0)
        made = bundle(net, tmp_path / "page", "browser", web_runtime=runtime())
        (tmp_path / "picture.png").write_bytes(photographs()["1.png"])
        with browsing() as page, shown(made.path) as address:
            page.open(address)
            page.wait_for("#drop")
            page.give("#file", tmp_path / "picture.png")
            page.wait_for(".bar")
            found = page.texts(".bar span:first-child")
            assert sorted(found) == sorted([*names, "cat", "dog"])
            assert page.run("document.title") == "What is on the picture?"
            assert page.problems == []

    def test_what_is_missing_is_said(self, tmp_path):
        made = bundle(small(), tmp_path / "page", "browser")
        with browsing() as page, shown(made.path) as address:
            page.open(address)
            page.wait_for("#about.bad")
            assert "Put these files of npm's onnxruntime-web" in page.text("#about")
            page.open((made.path / "index.html").as_uri())
            page.wait_for("#about.bad")
            assert "python -m http.server" in page.text("#about")

    def test_the_page_of_a_service(self, tmp_path):
        pytest.importorskip("starlette")
        pytest.importorskip("uvicorn")
        (tmp_path / "picture.png").write_bytes(photographs()["1.png"])
        with served("icons/tree") as service, browsing() as page:
            page.show_as(*SIZES["phone"])
            page.open(f"http://127.0.0.1:{service.port}/")
            page.wait_for(".names label")
            assert len(page.texts(".names label")) == 212
            page.fill("#search", "horse")
            assert page.texts(".names label") == [" horse"]
            page.click(".names label:not([hidden])")
            page.fill("#search", "")
            page.click("input[type=checkbox]")
            page.give("#file", tmp_path / "picture.png")
            page.wait_for(".bar")
            found = page.texts(".bar span:first-child")
            assert sorted(found) == ["airplane", "horse"]
            (tmp_path / "got").mkdir()
            with zipfile.ZipFile(page.download("#get", tmp_path / "got")) as archive:
                assert archive.read("expert/labels.txt") == b"airplane\nhorse\n"
            assert page.run(SCROLLS) <= 0
            assert page.problems == []
