"""A real browser without a window, driven over its own debugging protocol: Debian's chromium."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

PROGRAM = shutil.which("chromium")
SECONDS = 30.0
KEYS = {"Tab": 9, "Enter": 13, " ": 32}


class Page:
    """One page: what it asks the network for, what it says in its console, what is in it."""

    def __init__(self, address: str) -> None:
        # The browser refuses a connection with an origin that it was not told of.
        self._socket = websocket.create_connection(address, timeout=SECONDS, suppress_origin=True)
        self._number = 0
        self.requests: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def send(self, method: str, **params: Any) -> Any:
        """Call the protocol; events on the way are noted."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            self._note(message)
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif message.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
            self.complaints.append(json.dumps(params))

    def open(self, path: Path) -> None:
        """Load a file and wait until it says that it is ready."""
        self.send("Page.navigate", url=path.as_uri())
        until = time.monotonic() + SECONDS
        while self.ask("document.documentElement.dataset.ready === undefined") is not False:
            assert time.monotonic() < until, "the page did not become ready"
            time.sleep(0.02)

    def ask(self, expression: str) -> Any:
        """The value of an expression."""
        return self.send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, as on a keyboard."""
        code = KEYS[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, code=key, **more)

    def write(self, text: str) -> None:
        """Type into what has the focus."""
        self.send("Input.insertText", text=text)

    def wide(self, width: int, *, dark: bool = False) -> None:
        """Make the window so wide, and light or dark."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path) -> bytes:
        """A picture of the whole page, as PNG."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        data = base64.b64decode(shot["data"])
        path.write_bytes(data)
        return data


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start chromium with a profile in ``folder``; it ends with the block."""
    assert PROGRAM is not None
    # A container's root has no sandbox; the port is the browser's choice, and is in a file.
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0"]
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--no-proxy-server"]
    command = [PROGRAM, *options, *quiet, f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - found on the path
        try:
            page = Page(_address(folder))
            yield page
            page.close()
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


def _address(folder: Path) -> str:
    """Of the first page's debugging connection."""
    told, until = folder / "DevToolsActivePort", time.monotonic() + SECONDS
    while time.monotonic() < until:
        if told.exists() and len(lines := told.read_text("utf-8").split()) > 1:
            return _first_page(int(lines[0]))
        time.sleep(0.05)
    raise TimeoutError("chromium did not say where it listens")


def _first_page(port: int) -> str:
    import httpx  # noqa: PLC0415 - only here

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        pages = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
        found = [one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page"]
        if found:
            return str(found[0])
        time.sleep(0.05)
    raise TimeoutError("chromium has no page")
