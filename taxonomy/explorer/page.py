"""The page as one file: markup, style, script and data, under a policy that lets nothing else in.

Its script and style are allowed by their hashes and pictures as data URIs; nothing is fetched, sent
or framed. What the page holds stands in it as JSON, in which no ``<`` is left, so that no name can
end the element; the script puts names on the page as text, never as markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

from taxonomy._core import io
from taxonomy._core.decoding import parse_json
from taxonomy._core.errors import FileFormatError, told
from taxonomy._core.markup import in_html
from taxonomy._core.spelling import counted

SCRIPTS = ("model", "words", "tree", "map", "plot", "numbers", "app")
"""The parts of the script, in the order in which they read each other."""
_DATA = re.compile(
    r'<script type="application/json" id="data" data-digest="([0-9a-f]{64})">([^<]*)</script>'
)


def html(content: io.Json, digest: str) -> str:
    """Return the page of an explorer.

    Args:
        content: JSON values.
        digest: of them, by which `content_of` knows that nothing was changed.
    """
    style = _part("page.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_part(f"{n}.js") for n in SCRIPTS) + "})();\n"
    policy = {
        "default-src": "'none'",
        "script-src": f"'sha256-{_hash(script)}'",
        "style-src": f"'sha256-{_hash(style)}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    title = f"Experts of {counted(len(content['classes']), 'class')}"
    parts = {
        "policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "title": in_html(title),
        "style": style,
        "script": script,
        "digest": digest,
        "data": _in_script(content),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _part("page.html"))


def content_of(text: str, where: Path | str) -> tuple[io.Json, str]:
    """Return what a page holds, and the digest that it had when it was written.

    Raises:
        FileFormatError: it is no such page.
    """
    found = _DATA.search(text)
    if found is None:
        raise FileFormatError(told(where, "is no page that taxonomy explore has written."))
    content = parse_json(found[2], where)
    if not isinstance(content, dict):
        raise FileFormatError(told(where, "holds no content that taxonomy explore has written."))
    return content, found[1]


def _part(name: str) -> str:
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _in_script(content: io.Json) -> str:
    r"""Return JSON that may stand in an element of script.

    >>> _in_script({"name": "</script><!--"})
    '{"name":"\\u003c/script>\\u003c!--"}'
    """
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")
