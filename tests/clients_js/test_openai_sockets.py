"""The sockets of OpenAI's own client for Node: GPT-Live with its sideband, and Realtime, which it opens by TLS only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients_js.conftest import Node
from tests.routers.compat.elevenlabs.official import certificate
from tests.routers.compat.live.spoken import ANSWERS, STORY, talkative, understood
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

SCRIPT = "openai_sockets.mjs"
TEMPLATE = "You said {text}. " + STORY


def run(node: Node, url: str, scenario: str, *files: Path) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(node(SCRIPT, scenario, f"{url}/v1", *files).splitlines()[-1])
    return seen


def test_three_turns_of_gpt_live_with_an_interruption(
    node: Node, server: RunningServer, spoken: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERS", json.dumps(ANSWERS))
    seen = run(node, server.url, "live", spoken["weather.flac"], spoken["kitchen.flac"])
    assert (seen["errors"], seen["infos"], seen["closed"]) == ([], [], "close_requested")
    first, second, third = seen["turns"]
    assert understood(WEATHER, first) and understood("kitchen light", second) and understood(WEATHER, third)
    cut = seen["said"].removeprefix(ANSWERS[0]).removesuffix(ANSWERS[2]).strip()
    assert STORY.startswith(cut) and 0 < len(cut) < len(STORY) - 20


def test_gpt_live_is_connected_anew_when_the_network_breaks(node: Node, server: RunningServer) -> None:
    seen = run(node, server.url, "reconnect")
    assert seen["codes"] == [1006] and seen["errors"] == []
    assert seen["started"][0] != seen["started"][1]


def test_another_one_is_on_a_session_of_gpt_live_and_ends_it(node: Node, server: RunningServer) -> None:
    seen = run(node, server.url, "sideband")
    assert seen["errors"] == [] and seen["closed"]
    assert seen["side"][0] == "session.started" and seen["id"] == seen["started"][0]
    assert {"session.commentary.appended", "session.output_transcript.delta", "session.closed"} <= set(seen["side"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs OpenSSL's program")
def test_three_turns_of_realtime_with_an_interruption(
    node: Node, tmp_path: Path, spoken: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = certificate(tmp_path)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(tls.tls_certificate))
    reply = {"adapter": "template", "template": TEMPLATE}
    with running(talkative(tmp_path, reply=reply, server=tls)) as server:
        url = server.url.replace("http", "https")
        seen = run(node, url, "realtime", spoken["weather.flac"], spoken["kitchen.flac"])
    assert seen["errors"] == []
    first, second, third = seen["user"]
    assert understood(WEATHER, first) and understood("kitchen light", second) and understood(WEATHER, third)
    assert seen["statuses"] == ["completed", "cancelled", "completed"]
    assert understood(WEATHER, seen["replies"][0]) and understood(WEATHER, seen["replies"][-1])
