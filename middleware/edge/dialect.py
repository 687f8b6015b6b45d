"""The side of a dialect that the edge knows: which paths it claims, how it words errors, how it offers a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from middleware.edge.credentials import CREDENTIALS, Credential
from middleware.edge.late_key import MessageKey
from middleware.edge.problem import Problem, message_with_list, problem
from stts.access.policy import RouteKind
from stts.context import RequestContext
from stts.errors import STTSError


@dataclass(frozen=True, slots=True)
class RenderedError:
    status: int
    media_type: str
    body: Mapping[str, Any]
    """To be sent as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the answer; a `Retry-After` among them counts instead of the usual one."""


OwnTime = Callable[[RequestContext], str]
"""Makes the value of a header that tells of the time of one answer."""

RenderError = Callable[[STTSError, str], RenderedError]
"""An error and a request id -> the answer that clients of the dialect understand."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EdgeDialect:
    name: str
    prefixes: Mapping[str, RouteKind]
    """Paths that it claims -> the kind of those below where no route is. One claims itself and what is below it."""
    render_error: RenderError
    error_shape: type[BaseModel]
    """The body of its errors, for the OpenAPI document."""
    credentials: tuple[Credential, ...] = CREDENTIALS
    """The ways in which its clients offer a key."""
    message_key: MessageKey | None = None
    """How the first message of a socket may bring one where no other way did; None: it may not."""
    request_id_header: str | None = None
    """Another name, in lower case, of the header `x-request-id` of its answers."""
    own_time: Mapping[str, OwnTime] = field(default_factory=dict)
    """Further headers of its speech, in lower case, that are others each time: a repeated answer gets new ones."""


def render_problem(error: STTSError, request_id: str) -> RenderedError:
    """RFC 9457 problem details."""
    body = {**problem(error, request_id), "detail": message_with_list(error, voices="/voices")}
    return RenderedError(error.status, "application/problem+json", body)


PLAIN = EdgeDialect(name="plain", prefixes={"/": RouteKind.USE}, render_error=render_problem, error_shape=Problem)
"""Stands where no dialect claims a path."""
