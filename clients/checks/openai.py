"""Checks of OpenAI's audio API, and of what other servers add to it."""

from __future__ import annotations

import base64

from clients.checks.answers import events_of, length_of, object_of, sound_of, words_of
from clients.checks.speech import FORMATS, TEXT
from clients.checks.visit import Failed, Visit


def openai_speech(visit: Visit) -> str:
    words = []
    for format in FORMATS:
        fields = {"model": visit.model, "voice": "alloy", "input": TEXT, "response_format": format}
        words.append(f"{format} {sound_of(visit.post('/v1/audio/speech', fields), format, pcm_rate=24_000)}")
    fields = {"model": visit.model, "voice": "alloy", "input": TEXT, "response_format": "wav", "stream_format": "sse"}
    events = events_of(visit.post("/v1/audio/speech", fields))
    data = b"".join(base64.b64decode(each["audio"]) for each in events if each["type"] == "speech.audio.delta")
    return f"{', '.join(words)}, sse {length_of(data)}"


def openai_transcription(visit: Visit) -> str:
    words = words_of(visit.send("/v1/audio/transcriptions", model="whisper-1"))
    audio = {"data": base64.b64encode(visit.speech).decode(), "format": "wav"}
    if words_of(visit.post("/v1/audio/transcriptions", {"model": "whisper-1", "input_audio": audio})) != words:
        raise Failed("a recording in JSON is heard otherwise than one in a form")
    events = events_of(visit.send("/v1/audio/transcriptions", model="whisper-1", stream="true"))
    if events[-1].get("type") != "transcript.text.done":
        raise Failed(f"events end with {events[-1].get('type')}")
    return f"{words}, {len(events)} events"


def openai_translation(visit: Visit) -> str:
    """A server without an engine that translates has to say so."""
    if visit.can("translation"):
        return words_of(visit.send("/v1/audio/translations", model="whisper-1"))
    answer = visit.send("/v1/audio/translations", model="whisper-1", refusals=(400, 422, 503))
    return f"refused, no engine translates: {answer.complaint()}" if not answer.ok else words_of(answer)


def diarization(visit: Visit) -> str:
    """A server without a model that tells voices apart has to say so."""
    answer = visit.send("/v1/audio/diarization", refusals=(400, 503))
    if not answer.ok:
        return f"refused, nothing tells speakers apart: {answer.complaint()}"
    told = object_of(answer)
    if told["num_speakers"] != 1 or {each["speaker"] for each in told["segments"]} != {"SPEAKER_00"}:
        raise Failed(f"{told['num_speakers']} speakers in the speech of one voice")
    return "one speaker"


def speech_timestamps(visit: Visit) -> str:
    regions = visit.send("/v1/audio/speech/timestamps").json()
    if not regions or not all(0 <= each["start"] < each["end"] for each in regions):
        raise Failed(f"regions {regions!r}")
    return f"{len(regions)} regions"


def voices_of_models(visit: Visit) -> str:
    voices = visit.get("/v1/audio/speech/voices").json()
    if not voices or not all(each["voice_id"] and each["model_id"] for each in voices):
        raise Failed("no voices, or some without voice_id and model_id")
    return f"{len(voices)} voices"


def models(visit: Visit) -> str:
    names = [each["id"] for each in object_of(visit.get("/v1/models"))["data"]]
    if not names:
        raise Failed("no model")
    visit.model = next((name for name in names if name.startswith("tts-")), "auto")
    return f"{len(names)} models"


def one_model(visit: Visit) -> str:
    return str(object_of(visit.get(f"/v1/models/{visit.model}"))["id"])


def translation_secret(visit: Visit) -> str:
    session = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "en"}}}
    body = object_of(visit.post("/v1/realtime/translations/client_secrets", {"session": session}))
    if not body["value"].startswith("ek_") or body["session"]["type"] != "translation":
        raise Failed("no secret, or not of a translation session")
    return str(body["session"]["audio"]["output"]["language"])


def client_secret(visit: Visit) -> str:
    body = object_of(visit.post("/v1/realtime/client_secrets", {"session": {"type": "realtime"}}))
    if not body["value"].startswith("ek_") or body["session"]["type"] != "realtime":
        raise Failed("no secret for a session")
    return "a secret"


def provenance(visit: Visit) -> str:
    """A server without the detector has to say so."""
    answer = visit.send("/v1/content_provenance_checks", refusals=(503,))
    if not answer.ok:
        return f"refused, no detector: {answer.complaint()}"
    found = object_of(answer)["watermarks"]
    if not found or found[0]["outcome"] not in ("detected", "not_detected"):
        raise Failed(f"watermarks {found!r}")
    return f"{found[0]['type']} {found[0]['outcome']}"
