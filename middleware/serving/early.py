"""Answers to what never became a request, written as they go over the wire."""

from __future__ import annotations

import json
from math import ceil

from structlog.contextvars import bound_contextvars
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from middleware.edge.refusals import log_refusal
from middleware.edge.route_table import RouteTable
from stts.context import new_request_id
from stts.errors import STTSError

NO_ROUTES = RouteTable({})
METHODS = {"http": "HTTP", "websocket": "WS"}
"""As the log calls the method of a request of each kind, which is not known here."""


def refusal(error: STTSError, address: bytes, table: RouteTable, *, kind: str = "http") -> bytes:
    """The answer, head and body, in the form of the dialect that the address belongs to. `kind`: of its route."""
    path, request_id = address.partition(b"?")[0].decode("latin-1"), new_request_id()
    if not error.is_logged:  # of hundreds that come at once, the log has told in one line
        with bound_contextvars(request_id=request_id):
            log_refusal({"method": METHODS[kind]}, path, error.status, error)
    rendered = table.match(kind, "", path).dialect.render_error(error, request_id)
    body = json.dumps(rendered.body).encode()
    again = f"retry-after: {ceil(error.retry_after)}\r\n" if error.retry_after is not None else ""
    lines = (
        f"content-type: {rendered.media_type}\r\nx-request-id: {request_id}\r\n{again}"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return STATUS_LINE[error.status] + lines.encode() + body
