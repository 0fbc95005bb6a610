"""Clients that ask a service many things at once, good and bad, and note how each request ends.

python -m tests.support.storm NET REQUESTS CLIENTS

starts ``taxonomy serve NET``, sends the requests and prints what came of them. Nothing is sent to
other machines, and what is bad is harmless: a head that declares too many pixels, and no pixels.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
PNG = {"Content-Type": "image/png"}
JPEG = {"Content-Type": "image/jpeg"}
JSON = {"Content-Type": "application/json"}
BAD = 0.05
"""The share of requests that are malformed."""
GONE = "connection ended"
UNHURRIED = ("--per-minute", "0", "--seconds", "300")
"""A service that turns nobody away for coming often, or for being slow on a busy machine."""


@dataclass(frozen=True)
class Asked:
    """A request, and the statuses that may answer it."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    statuses: tuple[int | str, ...] = (200,)
    declared: int | None = None
    raw: bytes = b""


@cache
def picture(seed: int, form: str = "PNG", side: int = 48) -> bytes:
    """Return a picture of random patches as a file's content."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((side, side)).save(file, form)
    return file.getvalue()


def declaring(width: int, height: int) -> bytes:
    """Return a PNG file whose head declares a size, with no pixels to speak of."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def good(classes: Sequence[str], rng: random.Random) -> Asked:
    """Return a request that is answered: mostly a picture, now and then a page or a bundle."""
    kind = rng.random()
    if kind < 0.01:
        wanted = sorted(random.Random(rng.randrange(8)).sample(list(classes), 3))
        asked = {"classes": wanted, "target": rng.choice(["onnx", "safetensors"])}
        return Asked("bundle", "POST", "/bundle", json.dumps(asked).encode(), JSON)
    if kind < 0.04:
        return Asked("page", "GET", rng.choice(["/", "/classes", "/health", "/openapi.json"]))
    few = sorted(random.Random(rng.randrange(100)).sample(list(classes), rng.randrange(2, 7)))
    query = urlencode({"classes": ",".join(few), "top": 3})
    form, headers = rng.choice([("PNG", PNG), ("JPEG", JPEG)])
    seed, side = (rng.randrange(50), 48) if rng.random() < 0.9 else (rng.randrange(5), 1200)
    return Asked("predict", "POST", f"/predict?{query}", picture(seed, form, side), headers)


def bad(rng: random.Random) -> Asked:
    """Return one of the malformed requests."""
    return rng.choice(MALFORMED)


def _predict(
    name: str, body: bytes, *statuses: int | str, query: str = "", **more: object
) -> Asked:
    headers = more.pop("headers", PNG)
    return Asked(name, "POST", f"/predict{query}", body, headers, statuses, **more)  # type: ignore[arg-type]


def _bundle(name: str, body: bytes | object, *statuses: int) -> Asked:
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Asked(name, "POST", "/bundle", given, JSON, statuses)


def _path(path: str, *statuses: int, method: str = "GET") -> Asked:
    return Asked(f"path {path}", method, path, statuses=statuses)


SMALL = picture(0)
MALFORMED = [
    _predict("no picture", b"not a picture", 400),
    _predict("nothing", b"", 400),
    _predict("half a picture", SMALL[: len(SMALL) // 2], 400),
    _predict("50,000 x 50,000 declared", declaring(50_000, 50_000), 413),
    _predict("9,000 x 9,000 declared", declaring(9_000, 9_000), 413),
    _predict("no pixels", declaring(64, 64), 400),
    _predict("a GIF", picture(1, "GIF"), 400),
    _predict("a large body", b"\0" * 8_500_000, 413),
    _predict("a body declared large", b"", 413, declared=10**12),
    _predict("a body that never comes", b"", GONE, declared=64),
    _predict("a text", b"cat", 415, headers={"Content-Type": "text/plain"}),
    _predict("no type", SMALL, 415, headers={}),
    _predict("an unknown class", SMALL, 400, query="?classes=cat,unheard-of"),
    _predict("a class twice", SMALL, 400, query="?classes=cat,cat"),
    _predict("no class", SMALL, 400, query="?classes="),
    _predict("a quote that stays open", SMALL, 400, query="?classes=%22cat"),
    _predict("a path as a class", SMALL, 400, query="?classes=../../etc/passwd"),
    _predict("an address as a class", SMALL, 400, query="?classes=http://127.0.0.1/"),
    _predict("bytes that are no text", SMALL, 400, query="?classes=%ff%fe%00"),
    _predict("a top of 0", SMALL, 400, query="?top=0"),
    _predict("a top of thousands of digits", SMALL, 400, query=f"?top={'9' * 5000}"),
    _predict("an unknown parameter", SMALL, 400, query="?file=/etc/passwd"),
    _predict("a parameter twice", SMALL, 400, query="?top=1&top=2"),
    _bundle("no JSON", b"{", 400),
    _bundle("JSON nested deep", b"[" * 100_000, 400),
    _bundle("no UTF-8", b"\xff\xfe", 400),
    _bundle("half a character", b'{"classes": ["\\ud800"]}', 400),
    _bundle("a number for classes", {"classes": 5}, 400),
    _bundle("numbers for classes", {"classes": [1, None]}, 400),
    _bundle("no classes", {"classes": []}, 400),
    _bundle("unknown classes", {"classes": ["../../etc/passwd"]}, 400),
    _bundle("too many classes", {"classes": ["cat"] * 5000}, 400),
    _bundle("a path as a target", {"classes": ["cat"], "target": "../../x"}, 400),
    _bundle("a target of another type", {"classes": ["cat"], "target": ["onnx"]}, 400),
    _bundle("an unknown field", {"classes": ["cat"], "path": "/tmp"}, 400),
    _bundle("an unknown precision", {"classes": ["cat"], "precision": "int4"}, 400),
    _bundle(
        "what is not exported",
        {"classes": ["cat"], "target": "safetensors", "precision": "int8"},
        422,
    ),
    _path("/../../../etc/passwd", 404),
    _path("/%2e%2e/%2e%2e/etc/passwd", 404),
    _path("//etc/passwd", 404),
    _path("/classes/../../etc/passwd", 404),
    _path("/classes%00.png", 404),
    _path(f"/{'a' * 20_000}", 404),
    _path("/predict", 405),
    _path("/classes", 405, method="DELETE"),
    Asked("no HTTP", "", "", raw=b"\x16\x03\x01\x02\x00\x01\x00", statuses=(400,)),
    Asked(
        "a head without end",
        "",
        "",
        # The server answers before it has read all and closes, so that the answer may be lost.
        statuses=(400, GONE),
        raw=b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000,
    ),
    Asked(
        "two lengths",
        "",
        "",
        statuses=(400,),
        raw=(
            b"POST /predict HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
        ),
    ),
]


def send(asked: Asked, port: int, patience: float = 300) -> tuple[int, bytes]:
    """Send a request on a connection of its own and return the answer's status and body.

    Raises:
        OSError: the connection ended without an answer, or none came in time.
    """
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        if asked.raw:
            link.connect()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                link.sock.sendall(asked.raw)
                link.sock.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(link.sock)
            answer.begin()
        else:
            length = len(asked.body) if asked.declared is None else asked.declared
            link.putrequest(asked.method, asked.path, skip_accept_encoding=True)
            for name, value in {**asked.headers, "Content-Length": str(length)}.items():
                link.putheader(name, value)
            link.endheaders(asked.body or None)
            if asked.declared is not None:
                link.sock.shutdown(socket.SHUT_WR)
            answer = link.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(repr(error)) from error
    finally:
        link.close()


def sent(asked: Asked, port: int) -> tuple[int | str, bytes]:
    """Send a request and return the status and body, or that the connection ended."""
    try:
        return send(asked, port)
    except OSError:
        return GONE, b""


@dataclass
class Ended:
    """How requests ended: by name and status, those with a wrong one, and how long each took."""

    by_status: Counter[tuple[str, int | str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, asked: Asked, status: int | str, body: bytes, seconds: float) -> None:
        """Note one; whatever is no good answer must be one sentence of JSON."""
        fine = status in asked.statuses
        if fine and status not in (200, GONE) and not asked.raw:
            said = json.loads(body)
            fine = set(said) == {"error"} and "Traceback" not in said["error"]
        with self.lock:
            self.by_status[asked.name, status] += 1
            self.seconds.append(seconds)
            if not fine:
                self.wrong.append(f"{asked.name}: {status} {body[:200]!r}")

    @property
    def statuses(self) -> Counter[int | str]:
        """How many requests ended with each status."""
        found: Counter[int | str] = Counter()
        for (_, status), count in self.by_status.items():
            found[status] += count
        return found


def storm(port: int, classes: Sequence[str], requests: int, clients: int, seed: int = 0) -> Ended:
    """Send requests, 5 % of them malformed, by so many clients at once, each one after another."""
    ended, left = Ended(), iter(range(requests))
    lock = threading.Lock()

    def client() -> None:
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            rng = random.Random(1_000_003 * seed + number)
            asked = bad(rng) if rng.random() < BAD else good(classes, rng)
            started = time.perf_counter()
            ended.note(asked, *sent(asked, port), time.perf_counter() - started)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


@dataclass
class Served:
    """A service that runs."""

    process: subprocess.Popen[str]
    port: int

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def classes(self) -> list[str]:
        """Return its classes."""
        _, body = send(Asked("classes", "GET", "/classes"), self.port)
        return [one["id"] for one in json.loads(body)["classes"]]


@contextlib.contextmanager
def served(net: str, *words: str, port: int = 0) -> Iterator[Served]:
    """Run ``taxonomy serve`` for a block."""
    command = [sys.executable, "-m", "taxonomy", "serve", net, "--port", str(port), *words]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        if "http://" not in line:  # it has ended
            raise RuntimeError(process.communicate()[1])
        yield Served(process, int(line.rpartition(":")[2]))
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


PARTS = 10


def in_parts(service: Served, requests: int, clients: int) -> tuple[Ended, list[int]]:
    """Send requests in ten parts; return how they ended, and the memory held before and after each.

    The memory is what is held once a part's requests have ended, so that none under way counts.
    """
    known, every = service.classes(), Ended()
    held = [service.resident]
    for part in range(PARTS):
        ended = storm(service.port, known, requests // PARTS, clients, seed=part)
        every.by_status += ended.by_status
        every.wrong += ended.wrong
        every.seconds += ended.seconds
        held.append(service.resident)
    return every, held


def main() -> None:
    """Run a storm and say what came of it."""
    net, requests, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with served(net, *UNHURRIED) as service:
        started = time.perf_counter()
        ended, held = in_parts(service, requests, clients)
        took = time.perf_counter() - started
        alive = service.process.poll() is None
    median, slow = np.percentile(ended.seconds, [50, 99])
    lines = (
        f"{ended.by_status.total():,} requests by {clients} clients in {took:.0f} s",
        f"by status: {dict(ended.statuses)}; still running: {alive}",
        f"of other statuses than wanted: {ended.wrong[:20] or 'none'}",
        f"median {1e3 * median:.0f} ms, 99 % within {1e3 * slow:.0f} ms",
        f"MB held before, and after each tenth: {', '.join(f'{many / 1e6:.0f}' for many in held)}",
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
