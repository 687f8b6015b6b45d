"""The server that a command talks to: the one at an address, or one that is started for this command alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.command import places
from clients.command.exit_status import UNREACHED, USAGE, CommandFailed
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
UNAUTHORIZED = 401
SOON_SECONDS = 300.0
"""Longest time after which somebody is told to try again."""
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
    if reached.status:
        raise CommandFailed(
            f"{url} answers, but not as an STTS Server ({reached.complaint().rstrip('.')}). Is the address whole, with "
            "its path, and the server up? Else name another with --server.",
            UNREACHED,
        )
    if target.url or not alone:
        raise CommandFailed(
            f"The server at {url} does not answer ({reached.complaint().rstrip('.')}). Start one with `stts serve`, "
            "or name another with --server; one with TLS has https:// before its name.",
            UNREACHED,
        )
    with _own_server() as (address, key):
        yield Caller(address, key, target.timeout)


def _checked(url: str, key: str | None) -> str:
    """The address, with its scheme. Raises CommandFailed for what is no address, and for what can be no key."""
    from urllib.parse import urlsplit

    whole = url if "://" in url else f"http://{url}"
    scheme, _, rest = whole.partition("://")
    whole = f"{scheme.lower()}://{rest}"
    try:
        parts = urlsplit(whole)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
        wrong = wrong or bool(parts.query or parts.fragment) or not whole.isascii() or " " in whole
        (parts.hostname or "").encode("idna")
    except ValueError:
        wrong = True
    if wrong or not whole.isprintable():
        raise CommandFailed(f"{url} is no address of a server: write http://HOST:PORT.", USAGE)
    if parts.username is not None:
        raise CommandFailed("An address takes no name and password: a key goes into --key or STTS_KEY.", USAGE)
    if key is not None and not key.isprintable():
        raise CommandFailed("The key has a line break or another control character in it.", USAGE)
    return whole


def succeed(answer: Answer) -> Any:
    """The JSON of an answer. Raises CommandFailed with the server's own words where it refused."""
    require(answer)
    if (found := answer.json()) is None:
        raise CommandFailed("The server answered with something else than JSON: is there a proxy before it?", UNREACHED)
    return found


def succeeded(answer: Answer) -> bytes:
    """The body of an answer. Raises CommandFailed with the server's own words where it refused."""
    require(answer)
    return answer.body


def require(answer: Answer) -> None:
    """Raises CommandFailed with the server's own words where it refused, or with the cause where it did not answer."""
    if answer.status == UNAUTHORIZED:
        raise CommandFailed(f"{answer.complaint().rstrip('.')}. Give one with --key or STTS_KEY.")
    if not answer.status:
        raise CommandFailed(f"The server gives {answer.complaint().rstrip('.')}. Is it up still?", UNREACHED)
    if not answer.ok:
        raise CommandFailed(_with_time(answer))


def _with_time(answer: Answer) -> str:
    """The server's own words, and when it may be asked again, where that is soon."""
    from clients.caller import retry_seconds

    seconds = retry_seconds(answer)
    if seconds is None or seconds > SOON_SECONDS:
        return answer.complaint()
    return f"{answer.complaint().rstrip('.')}. Try again in {seconds:.0f} s."


def not_a_socket(status: int, body: bytes | bytearray | None, path: str) -> CommandFailed:
    """The failure of a socket that was answered as a page: the server's own words where it refused."""
    from clients.caller import Answer

    answer = Answer(status, {}, bytes(body or b""), 0.0)
    if status >= 400 and answer.json() is not None:
        require(answer)
    return CommandFailed(
        f"The socket {path} does not open (HTTP status {status}): does a proxy before the server pass WebSockets on?",
        UNREACHED,
    )


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
    folder = places.working_folder()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=folder, text=True) as server:
        try:
            yield _address(server, folder), key
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


def _address(server: subprocess.Popen[str], folder: Path) -> str:
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
        raise CommandFailed(
            f"A server for this command did not start; its reason stands above. {places.configured_by(folder)}",
            UNREACHED,
        )
    return line.rsplit(" at ", 1)[1].strip()
