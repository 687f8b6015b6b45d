"""The server that a command talks to: the one at an address, or one that is started for this command alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clients.command import places
from clients.command.exit_status import REFUSED, UNREACHED, USAGE, CommandFailed
from stts.http_address import bracketed

if TYPE_CHECKING:
    from clients.caller import Answer, Caller

DEFAULT_URL = "http://127.0.0.1:8000"
HEALTH_SECONDS = 5.0
"""Longest wait for the answer whether a server is there."""
START_SECONDS = 120.0
"""Longest wait for a server of one's own to listen, before it is killed."""
ID_HEADER = "x-request-id"
"""Header of every answer of this server."""
STOP_SECONDS = 15.0
"""Longest wait for a server of one's own to end, before it is killed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where commands go: an address that somebody named, or the default one."""

    url: str | None
    key: str | None
    timeout: float = 600.0
    """Seconds without a byte of an answer after which it is given up."""


def default_url() -> str:
    """The address at which a server listens that was started in this environment."""
    host = os.environ.get("STTS_SERVER__HOST", "127.0.0.1")
    # An address that stands for all of a machine's is none to call.
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return f"http://{bracketed(host)}:{os.environ.get('STTS_SERVER__PORT', '8000')}"


@contextmanager
def connected(target: Target, *, alone: bool = True) -> Iterator[Caller]:
    """A caller of the server at the target. Without one there, and with no address named, a server of one's own.

    `alone`: the command makes sense without a running server. Raises CommandFailed where no server answers.
    """
    # HTTP with TLS takes a quarter of the time in which `stts --help` is there.
    from clients.caller import Caller

    url = _checked(target.url or default_url(), target.key)
    caller = Caller(url, target.key, target.timeout)
    reached = Caller(url, target.key, min(HEALTH_SECONDS, target.timeout)).ask("GET", "/health")
    if reached.ok:
        if ID_HEADER not in reached.headers or not isinstance(reached.json(), dict):
            raise CommandFailed(
                f"At {url} answers something else than an STTS Server: name one with --server.", UNREACHED
            )
        yield caller
        return
    if reached.status or target.url or not alone:
        raise CommandFailed(
            f"The server at {url} does not answer: {reached.complaint().rstrip('.')}. Start one with `stts serve`, or "
            "name another with --server.",
            UNREACHED,
        )
    with _own_server() as (address, key):
        yield Caller(address, key, target.timeout)


def _checked(url: str, key: str | None) -> str:
    """The address, with its scheme. Raises CommandFailed for what is no address, and for what can be no key."""
    whole = url if "://" in url else f"http://{url}"
    if not whole.startswith(("http://", "https://")):
        raise CommandFailed(f"{url} is no address of a server: write http://HOST:PORT.", USAGE)
    if key is not None and not key.isprintable():
        raise CommandFailed("The key has a line break or another control character in it.", USAGE)
    return whole


def succeed(answer: Answer) -> Any:
    """The JSON of an answer. Raises CommandFailed with the server's own words where it refused."""
    require(answer)
    return answer.json()


def succeeded(answer: Answer) -> bytes:
    """The body of an answer. Raises CommandFailed with the server's own words where it refused."""
    require(answer)
    return answer.body


def require(answer: Answer) -> None:
    """Raises CommandFailed with the server's own words where it refused, or with the cause where it did not answer."""
    if not answer.ok:
        raise CommandFailed(answer.complaint(), REFUSED if answer.status else UNREACHED)


@contextmanager
def _own_server() -> Iterator[tuple[str, str]]:
    """Address and key of a server on a free port of loopback, which ends with the context."""
    import secrets

    key = secrets.token_urlsafe()
    environment = {
        **os.environ,
        "STTS_SERVER__HOST": "127.0.0.1",
        "STTS_SERVER__PORT": "0",
        "STTS_SECURITY__API_KEY": key,
        "STTS_WYOMING__ENABLED": "false",
        "STTS_LOGGING__LEVEL": "error",
    }
    command = [sys.executable, str(places.ROOT / places.SERVER)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=environment, cwd=places.working_folder(), text=True
    ) as server:
        # Whoever ends this command by a signal ends that server as well.
        before = _on_termination(_leave)
        try:
            yield _address(server), key
        finally:
            _on_termination(before)
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


def _on_termination(handler: Any) -> Any:
    """Sets what SIGTERM does, where this thread may, and returns what it did."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _address(server: subprocess.Popen[str]) -> str:
    """Reads it from the first line that the server prints when it listens."""
    assert server.stdout is not None
    late = threading.Event()

    def end() -> None:
        late.set()
        server.kill()

    # With the server ends what it prints, and so the wait for it.
    timer = threading.Timer(START_SECONDS, end)
    timer.start()
    try:
        line = server.stdout.readline()
    finally:
        timer.cancel()
    if late.is_set():
        raise CommandFailed(f"A server for this command did not listen within {START_SECONDS:g} seconds.", UNREACHED)
    if " at http" not in line:
        raise CommandFailed("A server for this command did not start; its reason stands above.", UNREACHED)
    return line.rsplit(" at ", 1)[1].strip()
