from __future__ import annotations

import pytest

from routers.compat.deepgram.errors import REASON_BYTES, error_message, goodbye, render_deepgram_error
from stts.access.allowances import QuotaExceeded
from stts.errors import (
    Busy,
    EngineTimeout,
    Forbidden,
    IdleTimeout,
    InvalidParameter,
    InvalidRequest,
    PayloadTooLarge,
    ShuttingDown,
    STTSError,
    TooManyRequests,
    Unauthorized,
    UndecodableAudio,
    UnknownModel,
)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidParameter("x"), 400, "Bad Request"),
        (UnknownModel("x"), 400, "Bad Request"),
        (UndecodableAudio("x"), 400, "Bad Request"),
        (Unauthorized("x"), 401, "INVALID_AUTH"),
        (QuotaExceeded("x"), 402, "ASR_PAYMENT_REQUIRED"),
        (Forbidden("x"), 403, "INSUFFICIENT_PERMISSIONS"),
        (PayloadTooLarge("x"), 413, "Payload Too Large"),
        (TooManyRequests("x"), 429, "TOO_MANY_REQUESTS"),
        (Busy("x"), 503, "Service Unavailable"),
        (EngineTimeout("x"), 504, "Gateway Timeout"),
        (STTSError("x"), 500, "Internal Server Error"),
    ],
)
def test_over_http(error: STTSError, status: int, code: str) -> None:
    rendered = render_deepgram_error(error, "id")
    assert (rendered.status, rendered.media_type) == (status, "application/json")
    assert rendered.body["err_code"] == code and rendered.body["request_id"] == "id"
    assert set(rendered.body) == {"err_code", "err_msg", "request_id"}
    assert rendered.headers["dg-error"]


def test_a_key_that_is_wrong_is_told_where_it_goes_and_headers_say_it_in_clear() -> None:
    rendered = render_deepgram_error(Unauthorized("X-API-Key"), "id")
    assert "`Authorization: Token <key>`" in rendered.body["err_msg"] and "X-API-Key" not in rendered.body["err_msg"]
    assert rendered.headers["dg-error"] == rendered.body["err_msg"]
    assert render_deepgram_error(Busy("100%\r\nä"), "id").headers["dg-error"] == "100%%0D%0A%C3%A4"


def test_on_a_socket() -> None:
    assert error_message(InvalidRequest("Not JSON."), "id", False) == {
        "type": "Error",
        "variant": "SchemaError",
        "description": "Not JSON.",
        "request_id": "id",
    }
    assert error_message(QuotaExceeded("x"), "id", True)["variant"] == "ASR_PAYMENT_REQUIRED"


def test_close_frames() -> None:
    assert goodbye(UndecodableAudio("x")) == (1008, "DATA-0000 x")
    assert goodbye(IdleTimeout("x")) == (1011, "NET-0001 x")
    assert goodbye(ShuttingDown("x")) == (1012, "shutting_down x")
    assert len(goodbye(Busy("ä" * 200)).reason.encode()) <= REASON_BYTES
