"""Program between Playwright and an installed Firefox, for what the two do not say alike in WebDriver BiDi.

It stands where Playwright expects the browser, starts it, and names an address of its own where the browser names one.
A browser that leaves a command without an answer hangs, and would be waited for without end: it is ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any

import websockets

from tests import patient

UNKNOWN = frozenset({"emulation.setMediaFeaturesOverride"})
"""Playwright sends it for every window; with the settings of a test's profile there is nothing to set."""
DOWNLOADS = frozenset({"browsingContext.downloadWillBegin", "browsingContext.downloadEnd"})
"""Playwright tells them apart by an id, which those of links have not yet; their addresses are as unique."""
LONGEST_SECONDS = 1.25 * patient.PATIENCE
"""Longer than a page is waited for on purpose."""
SAID = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Unanswered:
    """Commands that the browser has not answered yet; the first that waits too long is the last."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end
        self._commands: dict[int, asyncio.TimerHandle] = {}

    def asked(self, number: int, method: str) -> None:
        loop = asyncio.get_running_loop()
        self._commands[number] = loop.call_later(LONGEST_SECONDS, self._hangs, method)

    def answered(self, number: int) -> None:
        if (timer := self._commands.pop(number, None)) is not None:
            timer.cancel()

    def _hangs(self, method: str) -> None:
        sys.stderr.write(f"firefox hangs: no answer to {method} in {LONGEST_SECONDS:.0f} s\n")
        sys.stderr.flush()
        self._end()


async def passed_on(client: websockets.ServerConnection, address: str, unanswered: Unanswered) -> None:
    """Everything of one session, both ways. Scripts, such as axe-core, go through in one message, however long."""
    async with patient.connect(f"{address}/session", max_size=None, compression=None) as browser:

        async def asked() -> None:
            async for message in client:
                command = json.loads(message)
                if command["method"] in UNKNOWN:
                    await client.send(json.dumps({"type": "success", "id": command["id"], "result": {}}))
                else:
                    unanswered.asked(command["id"], command["method"])
                    await browser.send(message)
            await browser.close()

        async def answered() -> None:
            async for message in browser:
                answer = json.loads(message)
                if "id" in answer:
                    unanswered.answered(answer["id"])
                await client.send(completed(answer))
            await client.close()

        await asyncio.gather(asked(), answered(), return_exceptions=True)


def completed(event: dict[str, Any]) -> str:
    if event.get("method") in DOWNLOADS:
        event["params"].setdefault("download", event["params"]["url"])
    return json.dumps(event)


async def served(address: str, unanswered: Unanswered) -> str:
    """The address at which a session of the browser at this address is to be had."""

    async def session(client: websockets.ServerConnection) -> None:
        await passed_on(client, address, unanswered)

    server = await websockets.serve(session, "127.0.0.1", 0, max_size=None, compression=None, ping_interval=None)
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def end_all() -> None:
    """Ends the browser with its processes and this one, a group that Playwright has made: each of them may hang."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


async def main() -> int:
    firefox = shutil.which("firefox-esr") or shutil.which("firefox") or "firefox"
    process = await asyncio.create_subprocess_exec(firefox, *sys.argv[1:], stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    unanswered = Unanswered(end_all)
    async for raw in process.stderr:
        line = raw.decode(errors="replace")
        if said := SAID.search(line):
            line = line.replace(said[1], await served(said[1], unanswered))
        sys.stderr.write(line)
        sys.stderr.flush()
    return await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
