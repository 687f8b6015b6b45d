"""LocalAI's route that tells who speaks when."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from routers.compat.openai.diarization import Turn, speaker_turns
from stts.settings import StorageSettings, STTSettings
from stts.transcription import Segment
from tests import patient
from tests.audio import encoded
from tests.keyed import keyed_server, keyed_settings
from tests.routers.compat.faint import registry
from tests.routers.compat.recordings import weather
from tests.server import RunningServer
from tests.speakers import Spoken, conversation, need_speakers, right_share


def segment(speaker: str, start: float, end: float, text: str = "word") -> Segment:
    return Segment(text, start, end, language="en", speaker=speaker)


def test_segments_of_one_speaker_are_one_turn() -> None:
    said = [segment("A", 0, 1), segment("A", 1.2, 2), segment("A", 4, 5), segment("B", 5, 5.2), segment("B", 5.3, 7)]
    assert speaker_turns(said, 0.0, 0.5) == [
        Turn("A", 0, 2, "word word"),
        Turn("A", 4, 5, "word"),
        Turn("B", 5, 7, "word word"),
    ]
    assert [each.speaker for each in speaker_turns(said, 1.5, 0.5)] == ["A", "B"]
    assert speaker_turns([], 0.0, 0.0) == []


def post(server: RunningServer, **fields: Any) -> httpx.Response:
    recording = ("talk.wav", encoded(conversation(2, 8)[0]))
    data = {"model": "faster_whisper", **fields}
    return patient.post(f"{server.url}/v1/audio/diarization", data=data, files={"file": recording})


@pytest.mark.socket
def test_who_speaks_when(server: RunningServer) -> None:
    need_speakers()
    body = post(server, include_text="true").json()
    assert (body["task"], body["num_speakers"]) == ("diarize", 2)
    assert body["segments"][0]["speaker"] == "SPEAKER_00" and body["segments"][0]["label"] == "A"
    assert all(each["text"] for each in body["segments"]) and "speakers" not in body
    told = [Spoken(each["start"], each["end"], each["speaker"]) for each in body["segments"]]
    assert right_share(told, conversation(2, 8)[1])[1] >= 0.95


@pytest.mark.socket
def test_other_forms_of_the_answer(server: RunningServer) -> None:
    need_speakers()
    body = post(server, response_format="verbose_json", num_speakers="1").json()
    assert body["num_speakers"] == 1 and "text" not in body["segments"][0]
    assert [each["id"] for each in body["speakers"]] == ["SPEAKER_00"]
    rttm = post(server, response_format="rttm")
    assert rttm.headers["content-type"].startswith("text/plain")
    assert all(line.startswith("SPEAKER audio 1 ") and len(line.split()) == 10 for line in rttm.text.splitlines())


@pytest.mark.socket
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"min_speakers": "3", "max_speakers": "2"}, "min_speakers"),
        ({"num_speakers": "0"}, "num_speakers"),
        ({"clustering_threshold": "1.5"}, "clustering_threshold"),
        ({"response_format": "srt"}, "response_format"),
    ],
)
def test_what_cannot_be(server: RunningServer, fields: dict[str, str], param: str) -> None:
    url = f"{server.url}/v1/audio/diarization"
    answer = patient.post(url, data=fields, files={"file": weather()})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.socket
def test_where_nothing_tells_speakers_apart_it_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("nobody")
    stt = STTSettings(order=("echo",), speakers="none")
    settings = keyed_settings(folder, stt=stt, storage=StorageSettings(root=str(folder)))
    with keyed_server(settings, registry()) as keyed, keyed.client(str(keyed.key(role="write")["key"])) as client:
        for path in ("diarization", "transcriptions"):
            fields = {"model": "echo", **({"response_format": "diarized_json"} if path == "transcriptions" else {})}
            answer = client.post(f"/v1/audio/{path}", data=fields, files={"file": weather()})
            assert answer.status_code == 400
            assert "tells speakers apart" in answer.json()["error"]["message"]
            assert answer.json()["error"]["param"] == "response_format"
