"""How many people speak in a recording that is to be a voice, told by the real model of voices."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from stts.settings import StorageSettings, TTSSettings
from tests.audio import encoded
from tests.fakes import registry
from tests.keyed import keyed_server, keyed_settings
from tests.speakers import conversation, need_speakers

pytestmark = pytest.mark.socket


def test_two_people_are_no_voice(tmp_path: Path) -> None:
    need_speakers()
    settings = keyed_settings(tmp_path, tts=TTSSettings(order=("tone",)), storage=StorageSettings(root=str(tmp_path)))
    with keyed_server(settings, registry()) as keyed, keyed.client(str(keyed.key(role="write")["key"])) as client:
        assert report(client, 1) == (1, False)
        assert report(client, 2) == (2, True)


def report(client: httpx.Client, voices: int) -> tuple[int, bool]:
    recording = encoded(conversation(2, 8)[0]) if voices == 2 else encoded(conversation(2, 1)[0])
    files = {"file": ("a.wav", recording)}
    answer = client.post("/v1/voices", files=files, data={"name": f"of {voices}"})
    told = answer.json()["report"]
    return told["speakers"], any(each["code"] == "several_speakers" for each in told["problems"])
