"""OpenAI's agents SDK for JavaScript on /v1/realtime, with its stock WebSocket transport."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stts.settings import Settings
from tests.chat_server import Answer, chat_server
from tests.clients_js.conftest import SENT_RATE, Node
from tests.engines.speech import WORDS, share_heard
from tests.routers.compat.live.spoken import talkative
from tests.server import RunningServer, running

STORY = "You said {text}. Now listen to a story, which goes on and on, until somebody has had enough of it. " * 5


def run(node: Node, server: RunningServer, scenario: str, *files: Path) -> dict[str, Any]:
    url = server.url.replace("http", "ws") + "/v1/realtime"
    seen: dict[str, Any] = json.loads(node("agents.mjs", scenario, url, *files).splitlines()[-1])
    assert seen["errors"] == []
    return seen


def test_what_is_said_is_understood_and_answered(node: Node, server: RunningServer, spoken: dict[str, Path]) -> None:
    seen = run(node, server, "voice", spoken["kitchen.flac"])
    (said,), (reply,) = seen["user"], seen["assistant"]
    assert share_heard(WORDS["kitchen.flac"], said) >= 0.5, said
    assert said.startswith(reply) or reply.startswith(said)
    assert seen["audio"] > SENT_RATE


def test_a_written_message_is_answered(node: Node, server: RunningServer) -> None:
    seen = run(node, server, "text")
    assert seen["assistant"] == ["Good morning to you."]
    assert seen["audio"] > 0


def test_three_turns_in_which_speaking_over_a_reply_interrupts_it(
    node: Node, tmp_path: Path, spoken: dict[str, Path]
) -> None:
    with running(talkative(tmp_path, reply={"adapter": "template", "template": STORY})) as server:
        seen = run(node, server, "interruption", spoken["kitchen.flac"], spoken["weather.flac"])
    assert seen["interruptions"] >= 1
    assert share_heard(WORDS["weather.flac"], seen["user"][1]) >= 0.4, seen["user"]
    assert share_heard(WORDS["kitchen.flac"], seen["user"][2]) >= 0.4, seen["user"]


def test_a_tool_is_called_and_its_output_used(node: Node, tmp_path: Path) -> None:
    with chat_server() as chat:
        chat.answers.append(Answer(calls=(("call_1", "weather", '{"city": "Paris"}'),), finish="tool_calls"))
        chat.answers.append(Answer("Take an umbrella."))
        reply = {"adapter": "openai", "base_url": chat.url, "api_key": "any"}
        with running(Settings.model_validate({"storage": {"root": str(tmp_path)}, "reply": reply})) as server:
            seen = run(node, server, "tools")
        assert seen["asked"] == ["Paris"]
        assert seen["assistant"] == ["Take an umbrella."]
        (tool,) = [message for message in chat.requests[1]["messages"] if message["role"] == "tool"]
        assert tool["content"] == "It is raining in Paris."
