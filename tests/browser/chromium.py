"""A real Chromium without a screen, spoken to over two pipes: Chrome DevTools Protocol, JSON texts ended by NUL."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = [
    "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--mute-audio",
]  # fmt: skip
PATIENCE = 60.0


def found() -> str | None:
    """Where Chromium is: $CHROMIUM, or on the PATH; None where it is not."""
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One browser with one page."""

    def __init__(self, program: str, profile: Path) -> None:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        # It reads from 3 and writes to 4, so neither end of ours may have these numbers.
        ends = [
            fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out, ours_in, ours_out)
        ]
        for end in (theirs_in, theirs_out, ours_in, ours_out):
            os.close(end)
        reads, writes, self._in, self._out = ends
        actions = [
            (os.POSIX_SPAWN_DUP2, reads, 3),
            (os.POSIX_SPAWN_DUP2, writes, 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        words = [program, *SWITCHES, f"--user-data-dir={profile}", "about:blank"]
        self.pid = os.posix_spawn(program, words, dict(os.environ), file_actions=actions, setpgroup=0)
        os.close(reads)
        os.close(writes)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        # What moves by itself would have to be waited for.
        still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        self.ask("Emulation.setEmulatedMedia", features=still)
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.ask(f"{domain}.enable")
        self.ask("Page.setLifecycleEventsEnabled", enabled=True)

    def close(self) -> None:
        """Ends the browser and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._in)
        os.close(self._out)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Does something and gives what comes back; events that come in between are kept."""
        answer = self._answer(method, params)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        said: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            said["sessionId"] = self._session
        os.write(self._out, json.dumps(said).encode() + b"\0")
        return self._until(lambda message: message.get("id") == number)

    def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        give_up = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._rest:
                text, _, self._rest = self._rest.partition(b"\0")
                message: dict[str, Any] = json.loads(text)
                if "method" in message:
                    self.events.append(message)
                if wanted(message):
                    return message
            ready, _, _ = select.select([self._in], [], [], max(0, give_up - time.monotonic()))
            assert ready, "Chromium does not answer"
            read = os.read(self._in, 1 << 20)
            assert read, "Chromium has gone"
            self._rest += read

    def open(self, url: str, *, width: int, height: int = 900) -> None:
        """Shows a page in a window of that many CSS pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.events.clear()
        loader = self.ask("Page.navigate", url=url)["loaderId"]

        def loaded(message: dict[str, Any]) -> bool:  # this page, and not the one before, which may be late
            told = message.get("params", {})
            return message.get("method") == "Page.lifecycleEvent" and (told["name"], told["loaderId"]) == (
                "load",
                loader,
            )

        if not any(map(loaded, self.events)):
            self._until(loaded)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for. None where the page goes by it at once."""
        said = self._answer(
            "Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True}
        )
        if "target navigated" in said.get("error", {}).get("message", ""):
            return None
        assert "error" not in said, (script, said["error"])
        answer = said["result"]
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def follows(self) -> bool:
        """Whether the page that was marked (`window.here = true`) has given way to another, which is complete."""
        asked = "window.here !== true && document.readyState === 'complete'"
        answer = self._answer("Runtime.evaluate", {"expression": asked, "returnByValue": True})
        # An error says that the one page went while the question was on its way.
        return "error" not in answer and answer["result"]["result"].get("value") is True

    def press(self, key: str, code: int) -> None:
        """Presses a key."""
        for kind in ("rawKeyDown", "char", "keyUp") if key == "Enter" else ("rawKeyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "char" else {}
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text
            )

    def told(self, method: str) -> list[dict[str, Any]]:
        """What the browser told by this event since the page was opened."""
        return [event["params"] for event in self.events if event["method"] == method]
