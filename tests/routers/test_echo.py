"""Invented input of a client is not repeated to it."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize("name", ["my secret words <b>", "a b", "ü"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_names_of_unknown_fields(client: httpx.AsyncClient, name: str, method: str) -> None:
    fields = {"text": "x", name: "1"}
    answer = await client.request(method, "/tts", **{"json" if method == "POST" else "params": fields})  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["param"]) == (422, "?")
    assert name not in answer.text


async def test_names_of_unknown_form_fields(client: httpx.AsyncClient) -> None:
    answer = await client.post("/stt", files={"file": ("a.wav", b"x")}, data={"my secret words <b>": "1"})
    assert answer.status_code == 422
    assert "secret" not in answer.text
