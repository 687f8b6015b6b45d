"""One line in the log for each request or socket that is answered with an error, with its reason."""

from __future__ import annotations

import re

import structlog
from starlette.types import Scope
from structlog.typing import FilteringBoundLogger

from middleware.listener import listener_name
from stts.context import SOCKET
from stts.errors import STTSError

SHOWN_CHARACTERS = 100
"""Most characters of a path that are logged."""
SHOWN = re.compile(r"(?!stts_|ek_|sk-)[A-Za-z0-9._~-]{0,32}")
"""A part of a path that is logged: names and ids. Others may be words of a user, or a key in a wrong place."""
HIDDEN = "*"
WHO = frozenset({401, 403})
"""Statuses that are a warning, with the client's address: somebody tries what is not allowed."""

log: FilteringBoundLogger = structlog.get_logger()


def log_refusal(scope: Scope, path: str, status: int, error: STTSError) -> None:
    """Says it once: what an operation ended with stands in its own line, the unforeseen with its traceback.

    Never the query, nor what is no name in the path: there may be a key or a text. The message quotes nothing that was
    sent.
    """
    if error.is_logged:
        return
    error.is_logged = True
    line = {**request_line(scope, path), "http_status": status, "code": error.code, "reason": error.message}
    if error.status in WHO:
        line["client"] = (scope.get("client") or ("",))[0]
    write = log.warning if error.status in WHO or error.status >= 500 else log.info
    write("refused", **line)


def request_line(scope: Scope, path: str) -> dict[str, str]:
    """Method, path and listener of a request, as members of a log line."""
    line = {"method": scope.get("method", SOCKET), "path": shown_path(path)}
    name = listener_name(scope.get("state") or {})
    return line if name is None else {**line, "listener": name}


def shown_path(path: str) -> str:
    """A path as it is logged: parts that are no names or ids are left out."""
    parts = (part if SHOWN.fullmatch(part) else HIDDEN for part in path.split("/"))
    return "/".join(parts)[:SHOWN_CHARACTERS]
