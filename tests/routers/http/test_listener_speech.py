"""Defaults of a listener, as routes ask for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.requests import HTTPConnection

from middleware.listener import LISTENER, OutputDefaults, default_listener
from routers.http.listener_speech import check_length, given_defaults, spoken_session, text_limit, with_defaults
from stts.conversation.config import SessionConfig
from stts.errors import TextTooLong
from stts.settings import Settings
from stts.speech import SynthesisConfig

JOE = OutputDefaults("mp3", engine="piper", voice="joe", sample_rate=8000, text_characters=3)


def come_by(output: OutputDefaults) -> HTTPConnection:
    """A connection that came by a listener with these defaults."""
    listener = replace(default_listener(Settings), output=lambda: output)
    return HTTPConnection({"type": "websocket", "state": {LISTENER: listener}})


def test_a_limit_of_the_listener() -> None:
    check_length("a" * 100_000, OutputDefaults("wav"))
    check_length("abc", OutputDefaults("wav", text_characters=3))
    with pytest.raises(TextTooLong, match="3 characters"):
        check_length("abcd", OutputDefaults("wav", text_characters=3))


def test_the_lower_limit_of_a_text_counts() -> None:
    assert text_limit(come_by(JOE), 2000) == 3 and text_limit(come_by(JOE), 2) == 2
    assert text_limit(come_by(OutputDefaults("wav")), 2000) == 2000


def test_the_format_is_that_of_the_route() -> None:
    pcm = SynthesisConfig(format="pcm")
    assert with_defaults(come_by(JOE), "abc", pcm) == SynthesisConfig("piper", "joe", format="pcm", sample_rate=8000)
    assert with_defaults(come_by(OutputDefaults("mp3")), "abc", pcm) is pcm
    with pytest.raises(TextTooLong, match="3 characters"):
        given_defaults(JOE, "abcd", pcm)


def test_replies_of_a_session() -> None:
    silent, spoken = SessionConfig(speak=None), spoken_session(come_by(JOE), SessionConfig())
    assert spoken_session(come_by(JOE), silent) is silent
    assert spoken.speak == SynthesisConfig("piper", "joe", format="pcm", sample_rate=24_000)
