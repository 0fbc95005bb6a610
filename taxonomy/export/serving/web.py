"""`app` and `serve`: a `Service` over HTTP, by Starlette and Uvicorn.

Every answer but the page and a bundle is JSON; an error has ``error``, one sentence of ours. A
request names classes by their ids and brings a picture's bytes: no file, address or program.
"""

from __future__ import annotations

import asyncio
import math
import re
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.errors import ExportError, LabelError, check_whole
from taxonomy._core.process import give_memory_back
from taxonomy._core.registry import require
from taxonomy.export.serving.limits import Desk, Limits, Rates, RefusedError
from taxonomy.export.serving.openapi import document
from taxonomy.export.serving.service import FOLDER, Service, Wanted
from taxonomy.export.to_browser import inline_hashes
from taxonomy.labels import class_names
from taxonomy.nets.hierarchical import HierarchicalNet

PICTURES = ("image/png", "image/jpeg", "application/octet-stream")
JSON = ("application/json",)
MOST_JSON = 1_000_000
MOST_CONNECTIONS = 512
NO_STORE = {"Cache-Control": "no-store"}

App = Callable[..., Awaitable[None]]


def app(net: HierarchicalNet | Path | str, limits: Limits | None = None, width: float = 1.0) -> App:
    """Return an ASGI application that names pictures and gives away experts of a network.

    Its paths are ``/`` (a page to pick classes on), ``/classes``, ``/predict``, ``/bundle``,
    ``/health`` and ``/openapi.json``, which describes them; it can be mounted in another one.

    Args:
        net: a trained network, a run's folder, a file, or a name such as ``icons/tree``.
        limits: on requests.
        width: share of the channels that is kept, one of those that the network was trained at.

    Raises:
        FileFormatError: there is no such network, or it is damaged.
        DataError: it reads no pictures.
        SpecError: the network was not trained at that width.
        MissingExtraError: Starlette is not installed.
    """
    starlette = require("starlette.applications")
    routing, requests = require("starlette.routing"), require("starlette.requests")
    faults = require("starlette.exceptions")
    handling = _Handling(Service(net, limits, width))
    routes = [
        routing.Route(path, partial(_refusing, handle), methods=[method])
        for path, method, handle in handling.routes()
    ]
    handlers = {
        faults.HTTPException: _not_found,
        requests.ClientDisconnect: _gone,
        Exception: _broken,
    }
    inner = starlette.Starlette(routes=routes, exception_handlers=handlers)
    return _Guard(inner, handling.limits.per_minute)


def serve(
    net: HierarchicalNet | Path | str,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    ready: Callable[[str], None] = lambda _: None,
    width: float = 1.0,
) -> None:
    """Serve `app` until a signal ends it; what was begun is answered first.

    Args:
        net: a trained network, a run's folder, a file, or a name such as ``icons/tree``.
        host: the address to listen on; others than this machine reach ``0.0.0.0``.
        port: the port, 0 for any free one.
        limits: on requests.
        ready: is given the service's address, once it is known.
        width: share of the channels that is kept, one of those that the network was trained at.

    Raises:
        ExportError: the port is taken, or the address is not of this machine.
        FileFormatError: there is no such network, or it is damaged.
        DataError: it reads no pictures.
        SpecError: the network was not trained at that width.
        MissingExtraError: Starlette or Uvicorn is not installed.
    """
    uvicorn, torch = require("uvicorn"), require("torch")
    check_whole("`port`", port, 0, 65_535, ExportError)
    give_memory_back()
    limits = limits or Limits()
    served = app(net, limits, width)
    torch.set_num_threads(1)  # requests run side by side, and more threads each would be in the way
    with _listening(host, port) as listening:
        place, bound, *_ = listening.getsockname()
        ready(f"http://{f'[{place}]' if ':' in place else place}:{bound}")
        config = uvicorn.Config(
            served,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # or a client would say itself which client it is
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=math.ceil(2 * limits.seconds),
        )
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=MOST_CONNECTIONS)
    except OSError as error:
        raise ExportError(
            f"Port {port} of {host} cannot be listened on ({error.strerror}); choose another "
            "`port`, or the `host` that the network calls this machine."
        ) from error


class _Handling:
    """What is answered to each path."""

    def __init__(self, service: Service) -> None:
        self.service, self.limits = service, service.limits
        self.naming = Desk(self.limits)
        self.giving = Desk(replace(self.limits, at_once=1))  # half a second each: not before others
        self.page, self.policy = page()
        self.known = service.known()
        self.document = document(self.limits, service.targets)

    def routes(self) -> list[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        """Return all paths with their methods and what answers them."""
        return [
            ("/", "GET", self.index),
            ("/classes", "GET", self.classes),
            ("/health", "GET", self.health),
            ("/openapi.json", "GET", self.openapi),
            ("/predict", "POST", self.predict),
            ("/bundle", "POST", self.bundle),
        ]

    async def index(self, _: Any) -> Any:
        """Answer the page."""
        headers = {"Content-Security-Policy": self.policy, **NO_STORE}
        return require("starlette.responses").HTMLResponse(self.page, headers=headers)

    async def classes(self, _: Any) -> Any:
        """Answer the classes and the tree."""
        return _json(self.known)

    async def openapi(self, _: Any) -> Any:
        """Answer the description of all paths."""
        return _json(self.document)

    async def health(self, _: Any) -> Any:
        """Answer that it runs, and how many requests are under way."""
        return _json({"status": "ok", "requests": self.naming.taken + self.giving.taken})

    async def predict(self, request: Any) -> Any:
        """Answer a picture's classes."""
        given = _query(request, ("classes", "top"))
        classes = self.service.checked(_classes(given.get("classes")))
        top = _number("top", given.get("top", "5"))
        with self.naming.seat():
            picture = await self._body(request, PICTURES, self.limits.max_bytes)
            return _json(await self.naming.run(self.service.predict, picture, classes, top))

    async def bundle(self, request: Any) -> Any:
        """Answer an expert's bundle."""
        _query(request, ())
        with self.giving.seat():
            most = min(MOST_JSON, self.limits.max_bytes)
            wanted = _wanted(await self._body(request, JSON, most))
            made = await self.giving.run(self.service.bundle, wanted)
        headers = {"Content-Disposition": f'attachment; filename="{FOLDER}.zip"', **NO_STORE}
        answer = require("starlette.responses").Response
        return answer(made, media_type="application/zip", headers=headers)

    async def _body(self, request: Any, kinds: tuple[str, ...], most: int) -> bytes:
        """Return a request's body.

        Of one that is too large as much again is read and dropped: who is still sending when the
        connection closes never reads why.

        Raises:
            RefusedError: it is of another kind, too large, or too slow.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in kinds:
            raise RefusedError(415, f"Send the header Content-Type, one of: {', '.join(kinds)}.")
        declared = request.headers.get("content-length", "")
        if len(declared) > 18 or (declared.isdecimal() and int(declared) > 2 * most):
            raise _too_large(most)
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for part in request.stream():
                    size += len(part)
                    if size <= most:
                        parts.append(part)
                    elif size > 2 * most:
                        break
        except TimeoutError:
            seconds = f"{self.limits.seconds:g}"
            raise RefusedError(408, f"The body did not arrive within {seconds} seconds.") from None
        if size > most:
            parts.clear()
            raise _too_large(most)
        return b"".join(parts)


def _too_large(most: int) -> RefusedError:
    """Return the refusal; made as it is raised, as one in a name would hold its frame and body."""
    return RefusedError(413, f"The body has more than {most:,} bytes; send a smaller one.")


def _query(request: Any, known: tuple[str, ...]) -> Mapping[str, str]:
    """Return the parameters of a request's address.

    Raises:
        RefusedError: one that is not known, or given twice.
    """
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    if wrong := [name for name in names if name not in known]:
        raise RefusedError(
            400, f"{wrong[0]!r} is no parameter; known: {', '.join(known) or 'none'}."
        )
    if len(set(names)) < len(names):
        raise RefusedError(400, "A parameter is given twice.")
    return dict(given)


def _classes(text: str | None) -> list[str] | None:
    try:
        return None if text is None else class_names(text)
    except LabelError as error:
        raise RefusedError(400, str(error)) from None


def _number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) < 1:
        raise RefusedError(400, f"{name} is no whole number from 1 to 999999.")
    return int(text)


def _wanted(body: bytes) -> Wanted:
    """Return what a bundle is asked for with.

    Raises:
        RefusedError: the body is something else.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise RefusedError(400, "The body is no text in UTF-8.") from None
    try:
        return decode(Wanted, parse_json(text, "body", _RequestError), "body", _RequestError)
    except _RequestError as error:
        raise RefusedError(400, str(error)) from None


class _RequestError(ExportError):
    """JSON that asks for no bundle."""


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Any:
    answer = require("starlette.responses").JSONResponse
    return answer(value, status, headers={**NO_STORE, **(headers or {})})


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Any:
    return _json({"error": message}, status, headers)


async def _refusing(handle: Callable[[Any], Awaitable[Any]], request: Any) -> Any:
    """Answer a request, or say why not."""
    try:
        return await handle(request)
    except RefusedError as error:
        after = {"Retry-After": str(error.after)} if error.after else {}
        return _error(error.status, str(error), after)


async def _not_found(_: Any, error: Any) -> Any:
    """Answer what the router refuses: an unknown path, or a method that a path has not."""
    message = {404: "There is nothing here", 405: "This is not done here"}
    said = message.get(error.status_code, "The request cannot be answered")
    return _error(error.status_code, f"{said}; see /openapi.json.", error.headers)


async def _gone(*_: Any) -> Any:
    """Answer a client that has gone: nobody reads it."""
    return _error(400, "The request ended early.")


async def _broken(*_: Any) -> Any:
    """Answer a fault of ours, which is logged."""
    return _error(500, "Something is broken here; it has been logged.")


class _Guard:
    """Turns away who asks too often, and sends with every answer how browsers should treat it."""

    def __init__(self, inner: App, per_minute: int) -> None:
        self.inner, self.rates = inner, Rates(per_minute)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, as ASGI has it."""

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                more = [pair for pair in HEADERS if pair[0] not in present]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        client = (scope.get("client") or ("",))[0]
        counted = scope["type"] == "http" and scope["path"] != "/health"
        after = self.rates.wait(client, time.monotonic()) if counted else 0
        answer = self.inner
        if after:
            said = f"This address asks more than {self.rates.per_minute} times a minute; wait."
            answer = _error(429, said, {"Retry-After": str(after)})
        await answer(scope, receive, sending)


HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def page() -> tuple[str, str]:
    """Return the page, and the policy by which a browser runs nothing in it but its own script.

    Names of classes are not in it: its script fetches them, and shows them as text.
    """
    text = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    allowed = inline_hashes(text)
    return text, (
        f"default-src 'none'; script-src {allowed['script']}; style-src {allowed['style']}; "
        "img-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
