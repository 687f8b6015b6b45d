"""Requests of items survive a database, and their address is that of their content."""

from __future__ import annotations

import json

from stts.access.permission import Permission
from stts.jobs.requests import (
    address,
    speech_config,
    speech_request,
    transcription_config,
    transcription_request,
)
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig

SECRET = b"secret"
MINE = Permission(voices=("anna",))


def test_a_speech_comes_back_as_it_was() -> None:
    config = SynthesisConfig(voice="anna", speed=1.25, format="mp3", parameters={"noise": 0.2}, seed=3)
    request = json.loads(json.dumps(speech_request("Hello.", config)))
    assert request["text"] == "Hello."
    restored = speech_config(request, MINE)
    assert restored.permission == MINE
    assert speech_request("Hello.", restored) == request


def test_a_transcription_comes_back_as_it_was() -> None:
    config = TranscriptionConfig(language="de", word_timestamps=True)
    request = json.loads(json.dumps(transcription_request("upl_1", config, own=True)))
    assert transcription_config(request, MINE) == TranscriptionConfig(
        language="de", word_timestamps=True, permission=MINE
    )


def test_the_address_is_over_all_that_is_heard() -> None:
    plain = speech_request("Hello.", SynthesisConfig())
    others = [
        speech_request("Hello!", SynthesisConfig()),
        speech_request("Hello.", SynthesisConfig(voice="anna")),
        speech_request("Hello.", SynthesisConfig(format="mp3")),
        speech_request("Hello.", SynthesisConfig(parameters={"noise": 0.1})),
    ]
    addresses = {address("speech", each, SECRET) for each in (plain, *others)}
    assert len(addresses) == 5
    again = speech_request("Hello.", SynthesisConfig(permission=MINE))
    assert address("speech", plain, SECRET) == address("speech", again, SECRET) != address("speech", plain, b"other")


def test_what_a_newer_server_has_written_is_left_out() -> None:
    request = speech_request("Hello.", SynthesisConfig(voice="anna"))
    request["config"]["mood"] = "calm"
    assert speech_config(request, MINE).voice == "anna"
