"""The conversation of docs/tutorial.md with a language model, which stands in for that of its reader."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from adapters.configuration.adapter import ConfigAdapter
from tests import patient
from tests.chat_server import chat_server
from tests.docs.blocks import blocks
from tests.fakes import registry
from tests.server import running

pytestmark = pytest.mark.socket

MODEL = "127.0.0.1:11434"
"""Where the model of the page listens."""


def test_the_server_answers_with_a_language_model(tmp_path: Path) -> None:
    (block,) = [each for each in blocks() if each.page == "tutorial.md" and MODEL in each.code]
    *given, make, target = shlex.split(block.code)
    assert (make, target) == ("make", "serve")
    with chat_server() as chat:
        variables = dict(each.split("=", 1) for each in given)
        variables["STTS_REPLY__BASE_URL"] = variables["STTS_REPLY__BASE_URL"].replace(f"http://{MODEL}/v1", chat.url)
        file = tmp_path / "config.yaml"
        file.write_text("tts: {order: [tone]}\nstt: {order: [echo]}\n", encoding="utf-8")
        config = ConfigAdapter.load(file, {**variables, "STTS_STORAGE__ROOT": str(tmp_path)})
        with running(config.current(), registry(), config) as server:
            answer = patient.post(f"{server.url}/conversation", json={"text": "How are you?"})
    assert "You said: How are you?" in answer.text, answer.text
    (asked,) = chat.requests
    assert asked["model"] == variables["STTS_REPLY__MODEL"]
