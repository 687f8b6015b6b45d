from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from routers.compat.openai.errors import render_openai_error
from routers.http.openai_errors import repeated_by_clients, retry_headers
from stts.access.allowances import QuotaExceeded
from stts.errors import (
    Busy,
    Conflict,
    EngineError,
    EngineLoadFailed,
    EngineNotInstalled,
    EngineTimeout,
    InvalidParameter,
    NotCompleteYet,
    PartNotInstalled,
    StorageFull,
    STTSError,
    TooManyRequests,
)

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "openai" / "errors.json").read_text())


@pytest.mark.parametrize("status", RECORDED["repeated"])
def test_statuses_that_clients_repeat(status: int) -> None:
    assert repeated_by_clients(status)


@pytest.mark.parametrize("status", RECORDED["final"])
def test_statuses_that_they_do_not(status: int) -> None:
    assert not repeated_by_clients(status)


@pytest.mark.parametrize(
    "error",
    [
        Conflict("There is a file of this name."),
        EngineError("It failed."),
        EngineNotInstalled("It is not installed."),
        PartNotInstalled("It is not installed."),
        StorageFull("Full."),
        STTSError("Something else."),
        QuotaExceeded("Used up.", retry_after=86_000.0),
    ],
)
def test_what_would_fail_again_is_not_repeated(error: STTSError) -> None:
    assert retry_headers(error, error.status)["X-Should-Retry"] == "false"


@pytest.mark.parametrize(
    "error",
    [
        Busy("Full.", retry_after=2.0),
        NotCompleteYet("Soon.", retry_after=1.0),
        EngineLoadFailed("Not now."),
        EngineTimeout("Too slow."),
        TooManyRequests("Slower.", retry_after=120.0),
        InvalidParameter("No."),
    ],
)
def test_what_may_go_better_says_nothing(error: STTSError) -> None:
    assert "X-Should-Retry" not in retry_headers(error, 400 if error.status == 422 else error.status)


@pytest.mark.parametrize(
    ("seconds", "whole", "exact"),
    [(0.0, "1", "0"), (0.25, "1", "250"), (30.2, "31", "30200"), (4000.0, "120", "120000")],
)
def test_waits_are_never_longer_than_clients_take(seconds: float, whole: str, exact: str) -> None:
    headers = render_openai_error(TooManyRequests("Slower.", retry_after=seconds), "").headers
    assert (headers["Retry-After"], headers["Retry-After-Ms"]) == (whole, exact)


def test_an_error_without_a_wait_names_none() -> None:
    assert render_openai_error(InvalidParameter("No."), "").headers == {}


@pytest.mark.parametrize("case", RECORDED["kinds"], ids=lambda case: str(case["status"]))
def test_the_body_is_the_recorded_one(case: dict[str, Any]) -> None:
    error = STTSError("Said.", param="voice")
    error.status = case["status"]
    body = render_openai_error(error, "").body["error"]
    assert body.keys() == set(RECORDED["fields"]) and body["type"] == case["type"]
    assert isinstance(body["code"], str)
