"""Failures of the speech server, as bots tell them: out of errors of the connection, and of answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import httpx

Cause = Literal["away", "unsure", "slow", "busy", "quota", "key", "refused", "failed"]
"""`unsure`: the connection broke after something was asked that changes the server, so that it may have been done."""


class ServerFailed(Exception):
    """The server did not do it: it is away or slow, has no room, or refuses. `detail` is the server's own sentence."""

    def __init__(
        self,
        cause: Cause,
        detail: str = "",
        *,
        code: str = "",
        param: str = "",
        wait: float | None = None,
        begun: bool = False,
    ) -> None:
        super().__init__(detail or cause)
        self.begun = begun
        """The server may have had the request, and have begun with it."""
        self.param = param
        """The part of the request that was refused, where it is one."""
        self.cause = cause
        self.detail = detail
        self.code = code
        self.wait = wait
        """Seconds after which it may be asked again, where it says so."""

    def again(self) -> ServerFailed:
        """The same for somebody else: an error that is raised twice keeps what both were at."""
        told = {"code": self.code, "param": self.param}
        return ServerFailed(self.cause, self.detail, wait=self.wait, begun=self.begun, **told)


@contextmanager
def told() -> Iterator[None]:
    """Errors of the connection as what they mean."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise ServerFailed("away") from None
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        raise ServerFailed("away", begun=True) from None
    except httpx.TimeoutException:
        raise ServerFailed("slow", begun=True) from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise ServerFailed("failed", type(error).__name__) from None


def failure_of(answer: httpx.Response) -> ServerFailed:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    detail, code, param = (str(told.get(name) or "") for name in ("detail", "code", "param"))
    wait = answer.headers.get("retry-after", "")
    seconds = float(wait) if wait.isdecimal() else None
    # What stands before the server may have lost its answer.
    begun = answer.status_code in (502, 504)
    return ServerFailed(_cause(answer.status_code, code), detail, code=code, param=param, wait=seconds, begun=begun)


def _cause(status: int, code: str) -> Cause:
    if status == 429:
        return "quota" if code == "quota_exceeded" else "busy"
    if status in (401, 403):
        return "key"
    if status in (502, 503, 504):
        return "busy"
    return "failed" if status >= 500 else "refused"
