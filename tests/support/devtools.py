"""A real browser for tests: headless Chromium, spoken to over a pipe in its DevTools protocol."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECONDS = 60
"""What an answer may take on a busy machine."""

KEYS = {
    "ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39, "Enter": 13, "Escape": 27,
    "Tab": 9, "Delete": 46, "Home": 36, "End": 35, " ": 32,
}  # fmt: skip
TEXTS = {"Enter": "\r", " ": " "}


def chromium() -> str | None:
    """Return where a Chromium or Chrome is, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Browser:
    """A browser with one tab.

    Attributes:
        problems: what the console and the log have said since they were cleared: errors, warnings,
            exceptions, and what a content-security policy stopped.
        version: of the browser.
    """

    def __init__(self, process: subprocess.Popen[bytes], reading: int, writing: int) -> None:
        self._process, self._reading, self._writing = process, reading, writing
        self._count, self._buffer = 0, b""
        self._events: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.version = str(self._ask("Browser.getVersion", {})["product"]).partition("/")[2]
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._writing, data) :]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._reading, 1 << 20)
            if not part:
                raise RuntimeError("The browser has gone.")
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self._note(message["method"], message["params"])
            self._events.append(message)
        return message

    def _note(self, method: str, given: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            thrown = given["exceptionDetails"]
            self.problems.append(thrown.get("exception", {}).get("description", thrown["text"]))
        elif method == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning"):
            self.problems.append(str(given["args"]))
        elif method == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            self.problems.append(given["entry"]["text"])

    def _ask(self, method: str, given: dict[str, Any], **more: str) -> dict[str, Any]:
        self._count += 1
        number = self._count
        self._send({"id": number, "method": method, "params": given, **more})
        while (message := self._receive()).get("id") != number:
            pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        result: dict[str, Any] = message["result"]
        return result

    def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """Call a method of the protocol on the tab."""
        return self._ask(method, given, sessionId=self._session)

    def open(self, address: str) -> None:
        """Load a page anew, and wait until it is loaded."""
        self._load("about:blank")  # from which a fragment alone leads nowhere
        self.problems.clear()
        self._load(address)

    def _load(self, address: str) -> None:
        self._events.clear()
        self.ask("Page.navigate", url=address)
        until = time.monotonic() + SECONDS
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            assert time.monotonic() < until, f"{address} is not loaded"
            self._receive()

    def run(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript in the page; promises are awaited."""
        found = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"]["description"])
        return found["result"].get("value")

    def call(self, function: str, *given: Any) -> Any:
        """Return what a function of JavaScript makes of values; promises are awaited."""
        return self.run(f"({function})({', '.join(map(json.dumps, given))})")

    def wait_for(self, selector: str) -> None:
        """Wait until an element that a selector finds is seen."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        until = time.monotonic() + SECONDS
        while not self.run(f"{found}.some(one => one.getClientRects().length > 0)"):
            assert time.monotonic() < until, f"no {selector}"
            time.sleep(0.05)

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the elements that are seen of those that a selector finds."""
        seen = "one => one.getClientRects().length > 0"
        found = f"[...document.querySelectorAll({json.dumps(selector)})].filter({seen})"
        texts: list[str] = self.run(f"{found}.map(one => one.textContent)")
        return texts

    def text(self, selector: str) -> str:
        """Return the text of the one element that a selector finds."""
        (text,) = self.texts(selector)
        return text

    def fill(self, selector: str, text: str) -> None:
        """Type a text in place of what a field holds."""
        self.click(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).select()")
        if text:
            self.ask("Input.insertText", text=text)
        else:
            self.press("Delete")

    def give(self, selector: str, file: Path) -> None:
        """Choose a file in a field for files."""
        field = self.ask(
            "Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})"
        )
        node = field["result"]["objectId"]
        self.ask("DOM.setFileInputFiles", files=[str(file)], objectId=node)

    def click(self, selector: str) -> None:
        """Click the middle of the first element that a selector finds, with the mouse."""
        place = self.run(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const box = one.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def press(self, *keys: str, shift: bool = False) -> None:
        """Press keys, one after another: names of `KEYS`, or letters."""
        for key in keys:
            given: dict[str, Any] = {"key": key, "modifiers": 8 * shift}
            given["windowsVirtualKeyCode"] = KEYS.get(key, ord(key[0].upper()))
            text = TEXTS.get(key, key if len(key) == 1 else "")
            self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **given)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **given)

    def show_as(self, width: int, height: int, *, dark: bool = False, scale: float = 1) -> None:
        """Set the size of the window, and whether the system is dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale}
        self.ask("Emulation.setDeviceMetricsOverride", mobile=width < 600, **size)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[feature])

    def picture(self, path: Path, **options: Any) -> None:
        """Write what the window shows, as PNG."""
        data = self.ask("Page.captureScreenshot", format="png", **options)["data"]
        path.write_bytes(base64.b64decode(data))

    def download(self, selector: str, folder: Path) -> Path:
        """Click what starts a download into an empty folder; return the file once it is whole."""
        place = {"behavior": "allow", "downloadPath": str(folder), "eventsEnabled": True}
        self._ask("Browser.setDownloadBehavior", place)
        self._events.clear()
        self.click(selector)
        until = time.monotonic() + SECONDS
        while not any(
            event["method"] == "Browser.downloadProgress"
            and event["params"]["state"] == "completed"
            for event in self._events
        ):
            assert time.monotonic() < until, f"{selector} brings no file"
            self._receive()
        (file,) = folder.iterdir()
        return file

    def pdf(self) -> bytes:
        """Return the page as it is printed."""
        found = self.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(found["data"])


class _Shown(SimpleHTTPRequestHandler):
    """Shows a folder to pages that are isolated: their clock has steps of 5 µs, not of 100."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def shown(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback for a block; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Shown, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a headless Chromium with a profile of its own, and end it."""
    program = chromium()
    assert program is not None
    to_browser, from_browser = os.pipe(), os.pipe()
    inner = to_browser[0], from_browser[1]

    def pipes() -> None:  # the browser reads from 3 and writes to 4
        reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in inner)
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            *(program, "--headless=new", "--remote-debugging-pipe", "--no-first-run"),
            *("--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"),
            *("--disable-extensions", "--disable-background-networking", "--mute-audio"),
            f"--user-data-dir={profile}",
        ]
        process = subprocess.Popen(
            command, preexec_fn=pipes, close_fds=False, stderr=subprocess.DEVNULL
        )
        os.close(to_browser[0])
        os.close(from_browser[1])
        try:
            yield (browser := Browser(process, from_browser[0], to_browser[1]))
            with suppress(RuntimeError):
                browser._ask("Browser.close", {})
            process.wait(SECONDS)
        finally:
            process.kill()
            process.wait()
            os.close(to_browser[1])
            os.close(from_browser[0])
