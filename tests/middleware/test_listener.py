"""Defaults of a listener, where a request does not say."""

from __future__ import annotations

import pytest

from middleware.listener import OutputDefaults
from stts.speech import SynthesisConfig

PIPER = OutputDefaults(
    "wav", engine="piper", voice="joe", language="en-US", sample_rate=22_050, parameters={"noise": 1}
)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (
            SynthesisConfig(),
            SynthesisConfig("piper", "joe", language="en-US", sample_rate=22_050, parameters={"noise": 1}),
        ),
        (
            SynthesisConfig(language="de", sample_rate=8000, parameters={"noise": 2}),
            SynthesisConfig("piper", "joe", language="de", sample_rate=8000, parameters={"noise": 2}),
        ),
        (
            SynthesisConfig(voice="heart"),
            SynthesisConfig(voice="heart", sample_rate=22_050),
        ),
        (
            SynthesisConfig("piper", "amy"),
            SynthesisConfig("piper", "amy", sample_rate=22_050, parameters={"noise": 1}),
        ),
        (SynthesisConfig("kokoro"), SynthesisConfig("kokoro")),
    ],
)
def test_what_a_request_says_counts_more(asked: SynthesisConfig, given: SynthesisConfig) -> None:
    assert PIPER.given_to(asked) == given


def test_a_listener_that_says_only_a_format_says_nothing() -> None:
    assert OutputDefaults("mp3").says_nothing
    assert not PIPER.says_nothing
    assert OutputDefaults("mp3").given_to(SynthesisConfig(voice="low")) == SynthesisConfig(voice="low")
