"""Valid values and files with a few places changed: retyped, made huge, deleted, doubled, cut.

Everything is drawn from a `random.Random`, so that a number names a mutant; `mutants` draws them
for hypothesis.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st


class Literal(str):
    """JSON text that stands in a value as it is: what Python's own writer would not write."""

    __slots__ = ()


def nested(depth: int, opened: str = "[", closed: str = "]") -> Literal:
    """Return lists in each other, or objects."""
    return Literal(opened * depth + "0" * (opened != "[") + closed * depth)


STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**70)),
    *(0.0, -0.0, 0.5, -1.0, 2.0, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf),
    *("", " ", "x", "resnet", "0", "nan", "9" * 5000, "\ud800", "\x00", "\x1b[2J", "a\r\nb"),
    *("\u202e", "e\u0301", "x" * 100_000, "[" * 500, "../../x", "1" + "0" * 30),
    *([], {}, [[]], {"": {}}, [1, 2, 3], {"width": 1}, [None], [{}] * 300),
    *(Literal("1" + "0" * 5000), Literal("1e999"), Literal("-1E+400"), Literal("1e-999")),
    *(nested(150), nested(250), nested(100_000), nested(150, '{"a":', "}")),
    *(nested(100_000, '{"a":', "}"), Literal('{"a":1,"a":2}'), Literal('"\\ud83d"')),
)  # fmt: skip


def mutated(value: Any, random: Random) -> Any:
    """Return a JSON value with one place changed."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        name = random.choice(sorted(value))
        rest = {key: part for key, part in value.items() if key != name}
        change = random.choice(["inside"] * 5 + ["delete", "rename", "copy"])
        if change == "delete":
            return rest
        if change in ("rename", "copy"):
            other = random.choice([name + "s", name[1:], "\udc00", "x" * 500, name.upper()])
            return {**(rest if change == "rename" else value), other: value[name]}
        return {**value, name: mutated(value[name], random)}
    if isinstance(value, list) and value and random.random() < 0.85:
        at = random.randrange(len(value))
        change = random.choice(["inside"] * 5 + ["delete", "double", "swap", "many"])
        if change == "inside":
            return [*value[:at], mutated(value[at], random), *value[at + 1 :]]
        if change == "swap":
            other = random.randrange(len(value))
            swapped = list(value)
            swapped[at], swapped[other] = value[other], value[at]
            return swapped
        copies = {"delete": 0, "double": 2, "many": 300}[change]
        return [*value[:at], *[value[at]] * copies, *value[at + 1 :]]
    if isinstance(value, str) and random.random() < 0.4:
        return changed_text(value, random)
    if isinstance(value, int) and not isinstance(value, bool) and random.random() < 0.4:
        return random.choice([value + 1, value - 1, -value, value * 1000, float(value), str(value)])
    return random.choice(STRANGE)


def changed_text(text: str, random: Random) -> str:
    """Return a text with characters left out, doubled or put in."""
    start = random.randrange(len(text) + 1)
    end = min(len(text), start + random.choice([0, 1, 1, 3, 50]))
    put = random.choice(["", "", *"0,;:\"'{}[]()\n\r\t\x00é ", text[start:end] * 2, "\ud800", "🦊"])
    return text[:start] + put + text[end:]


def mutants(value: Any) -> st.SearchStrategy[Any]:
    """Draw the value with a place or two changed."""

    def draw(random: Random) -> Any:
        once = mutated(value, random)
        return mutated(once, random) if random.random() < 0.3 else once

    return st.randoms(use_true_random=False).map(draw)


def json_text(value: Any) -> str:
    """Return the JSON text of a value, literals as they are."""
    literals: list[str] = []

    def plain(part: Any) -> Any:
        if isinstance(part, Literal):
            literals.append(str(part))
            return f"\ue000{len(literals) - 1}\ue001"
        if isinstance(part, dict):
            return {key: plain(item) for key, item in part.items()}
        return [plain(item) for item in part] if isinstance(part, list | tuple) else part

    text = json.dumps(plain(value))
    return re.sub(r'"\\ue000(\d+)\\ue001"', lambda found: literals[int(found[1])], text)


def encoded(text: str) -> bytes:
    """Return a text's bytes, which are no UTF-8 where it holds half a surrogate pair."""
    return text.encode("utf-8", "surrogatepass")


def changed_bytes(data: bytes, random: Random) -> bytes:
    """Return bytes cut off, turned, doubled, left out or put in somewhere."""
    if not data:
        return random.choice([b"\x00", b"\xff" * 9, b"{", b"[" * 100_000])
    start = random.randrange(len(data))
    length = random.choice([1, 1, 2, 4, 8, 64, len(data)])
    part = data[start : start + length]
    change = random.choice(["cut", "flip", "flip", "flip", "double", "delete", "put", "number"])
    if change == "cut":
        return data[:start]
    if change == "flip":
        turned = bytearray(data)
        for _ in range(random.choice([1, 1, 2, 8])):
            turned[random.randrange(len(data))] ^= 1 << random.randrange(8)
        return bytes(turned)
    new = {
        "double": part * random.choice([2, 2, 50]),
        "delete": b"",
        "put": random.choice(
            [b"\x00", b"\xff", b"\n", b"\r", b",", b'"', b"\xef\xbb\xbf", b"\xed\xa0\x80"]
        ),
        "number": random.choice([1, 2**31 - 1, 2**32 - 1, 2**63, 2**64 - 1]).to_bytes(8, "little"),
    }[change]  # fmt: skip
    kept = start if change == "put" else start + len(new if change == "number" else part)
    return data[:start] + new + data[kept:]


Change = Callable[[bytes, Random], bytes]
"""Returns other bytes than a valid file's."""


def of_json(data: bytes, random: Random) -> bytes:
    """Change a JSON file's value."""
    return encoded(json_text(mutated(json.loads(data), random)))


def of_lines(data: bytes, random: Random) -> bytes:
    """Change a value of a file with one JSON value a line, or its lines."""
    lines: list[Any] = [json.loads(line) for line in data.decode().splitlines()]
    at = random.randrange(len(lines))
    if random.random() < 0.8:
        lines[at] = mutated(lines[at], random)
    else:
        lines = mutated(lines, random)
        lines = lines if isinstance(lines, list) else [lines]
    return encoded("\n".join(map(json_text, lines)) + "\n" * random.choice([0, 1, 1, 3]))


CELLS = (
    *("", " ", "0", "-1", "1e400", "nan", "inf", "-inf", "1e-400", "1_000", "0x1p3", "x", "é", "½"),
    *("9" * 5000, "x" * 100_000, '"', '""', '"x', 'x"y', "\x00", "\x1b[31m", "\ud800", "a\rb"),
    *("\n", "\r", "\r\n", "#", "n00000000", "\u200b", "1,5", "=1+1", "٣", "1" * 25, "\ufeff", ","),
)  # fmt: skip


def of_table(data: bytes, random: Random) -> bytes:
    """Change a cell, a row, a column or the separators of a text file."""
    text = data.decode()
    separator = max(",;\t", key=text.count)
    rows = [line.split(separator) for line in text.splitlines()]
    change = random.choice(["cell"] * 5 + ["row", "rows", "column", "short", "separator", "ends"])
    at = random.randrange(len(rows))
    to = random.randrange(len(rows[at]))
    if change == "cell":
        rows[at][to] = random.choice([*CELLS, changed_text(rows[at][to], random)])
    elif change == "row":
        rows[at : at + 1] = [list(rows[at])] * random.choice([0, 2, 300])
    elif change == "rows":
        random.shuffle(rows)
    elif change == "column":
        rows = [
            [*row[:to], *row[to : to + 1] * random.choice([0, 2]), *row[to + 1 :]] for row in rows
        ]
    elif change == "short":
        del rows[at][to]
    elif change == "separator":
        separator = random.choice(",;\t| :")
    ends = random.choice(["\r", "\r\n", "\n\n", "\u2028", "\x0b"]) if change == "ends" else "\n"
    return encoded(ends.join(separator.join(row) for row in rows) + ends)


PIECES = (
    *(b"(", b")" * 9, b"[" * 300, b"{" * 300, b'"', b"'", b",,", b";", b":", b"\n", b"\t", b"  "),
    *(b"null", b"NaN", b"1e999", b"-1", b"9" * 30, b"9" * 5000, b"\xff\xfe", b"\xed\xa0\x80"),
    *(b"\x00", b"\\ud800", b"&amp;", b"&x;", b"<node id='q'/>", b"- ", b"? ", b"*a", b"&a "),
    *(b"!!python/object:os.system ", b"%YAML 9\n", b" > ", b"/", b"node:0", b"leaf:node:1"),
    *(b"x" * 20_000, b"---\n", b"<<: ", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xc2\xa0"),
)
"""What means something in one language of trees or another."""


def of_pieces(data: bytes, random: Random) -> bytes:
    """Change a text at a few places: put in what means something, cut, double or exchange."""
    out = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5])):
        at = random.randrange(len(out) + 1)
        end = min(len(out), at + random.choice([1, 2, 8, 40]))
        kind = random.randrange(7)
        if kind == 0:
            out[at:end] = b""
        elif kind == 1:
            out[at:at] = out[at:end] * random.choice([1, 2, 50])
        elif kind == 2:
            out[at:end] = bytes(random.randrange(256) for _ in range(end - at))
        elif kind == 3:
            out[at:at] = random.choice(PIECES)
        elif kind == 4:
            out[at:end] = random.choice(PIECES)
        elif kind == 5:
            other = random.randrange(len(out) + 1)
            out[at:at] = out[other : other + 30]
        else:
            del out[at:]
    return bytes(out)
