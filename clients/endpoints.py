"""Checks of each endpoint. A check returns a word on the answer, or raises Failed.

The checks run in the order of `CHECKS`: some use what others have made. They leave the server as they found it, except
that a reload of the configuration takes up what its file says.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from clients.audio import measure
from clients.caller import Answer, Caller

TEXT = "Good morning. This is a short test."
SHORTEST_SECONDS = 0.5
FORMATS = ("wav", "mp3", "opus", "aac", "flac", "pcm")


class Failed(Exception):
    """The endpoint did not do its work; the message says what came instead."""


class Visit:
    """One round through a server: what the checks know, and every answer of the current one."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.answers: list[Answer] = []
        self.speech = b""
        """A WAV file, once the server has spoken."""
        self.file_id = ""
        self.job = ""
        """The job that was started."""
        self.engines: list[dict[str, Any]] = []
        """As GET /engines lists them."""
        self.model = "tts-1"

    def get(self, path: str, *, refusals: tuple[int, ...] = ()) -> Answer:
        return self._seen(self._caller.ask("GET", path), refusals)

    def delete(self, path: str, *, refusals: tuple[int, ...] = ()) -> Answer:
        return self._seen(self._caller.ask("DELETE", path), refusals)

    def post(self, path: str, value: Any, method: str = "POST", *, refusals: tuple[int, ...] = ()) -> Answer:
        return self._seen(self._caller.post(path, value, method), refusals)

    def send(self, path: str, *, refusals: tuple[int, ...] = (), **fields: str) -> Answer:
        """A form with the speech that the server itself has made."""
        if not self.speech:
            raise Failed("not tried: the server has not spoken")
        return self._seen(self._caller.send_file(path, self.speech, "smoke.wav", **fields), refusals)

    def can(self, ability: str) -> bool:
        """True if an installed engine has this ability."""
        return any(each["abilities"].get(ability) for each in self.engines if each["state"] != "not_installed")

    def _seen(self, answer: Answer, refusals: tuple[int, ...] = ()) -> Answer:
        self.answers.append(answer)
        if not answer.ok and answer.status not in refusals:
            raise Failed(answer.complaint())
        return answer


Check = Callable[[Visit], str]


def keys(path: str, *expected: str) -> Check:
    """GET of a JSON object with at least these keys."""

    def check(visit: Visit) -> str:
        body = _object(visit.get(path))
        if missing := [key for key in expected if key not in body]:
            raise Failed(f"without {', '.join(missing)}")
        return ", ".join(f"{key} {_brief(body[key])}" for key in expected)

    return check


def engines(visit: Visit) -> str:
    visit.engines = _list(visit.get("/engines").json())
    return ", ".join(f"{each['name']} {each['state']}" for each in visit.engines)


def one_engine(visit: Visit) -> str:
    name = _spare_engine(visit)["name"]
    return f"{name} {_object(visit.get(f'/engines/{name}'))['state']}"


def load(visit: Visit) -> str:
    name = _spare_engine(visit)["name"]
    body = _object(visit.post(f"/engines/{name}/load", {}))
    if not body["last_probe"]["ok"]:
        raise Failed(f"{name} does not work: {body['last_probe']['error']}")
    return f"{name} {body['state']}"


def unload(visit: Visit) -> str:
    """Refused while it works for others."""
    engine = _spare_engine(visit)
    name = engine["name"]
    if visit.post(f"/engines/{name}/unload", {}, refusals=(409,)).status == 409:
        return f"{name} is at work"
    if engine["state"] == "ready":
        visit.post(f"/engines/{name}/load", {})
        return f"{name} unloaded, loaded again"
    return f"{name} unloaded"


def voices(visit: Visit) -> str:
    return f"{len(_list(visit.get('/voices').json()))} voices"


def speak(visit: Visit) -> str:
    """Every format, decoded; the first is kept for the others to hear."""
    words = []
    for format in FORMATS:
        answer = visit.post("/tts", {"text": TEXT, "format": format})
        words.append(f"{format} {_sound(answer, format)}")
        visit.speech = visit.speech or answer.body
    return ", ".join(words)


def speak_by_query(visit: Visit) -> str:
    return _sound(visit.get("/tts?text=Good+morning&stream=false&format=mp3"), "mp3")


def transcribe(visit: Visit) -> str:
    words = []
    for format in ("json", "text", "srt", "vtt", "verbose_json"):
        body = visit.send("/stt", format=format)
        words.append(f"{format} {len(body.body)} bytes" if format != "json" else _heard(body))
    events = _events(visit.send("/stt", stream="true"))
    if events[-1].get("type") != "done":
        raise Failed(f"events end with {events[-1].get('type')}")
    return f"{', '.join(words)}, {len(events)} events"


def converse(visit: Visit) -> str:
    """By text and by voice, once in each shape."""
    events = _events(visit.post("/conversation", {"text": TEXT, "reply": "echo"}))
    if events[-1].get("type") != "done" or events[-1]["reply"] != TEXT:
        raise Failed(f"events end with {events[-1].get('type')}")
    data = b"".join(base64.b64decode(each["audio"]) for each in events if each["type"] == "audio.delta")
    session = events[-1]["session"]
    whole = _object(visit.post("/conversation", {"text": TEXT, "stream": False, "session": session}))
    heard = _object(visit.send("/conversation", stream="false", reply="echo"))["transcript"]
    return f"events {_measured(data)}, whole {_measured(base64.b64decode(whole['audio']))}, {len(heard.split())} words"


def openai_speech(visit: Visit) -> str:
    words = []
    for format in FORMATS:
        fields = {"model": visit.model, "voice": "alloy", "input": TEXT, "response_format": format}
        words.append(f"{format} {_sound(visit.post('/v1/audio/speech', fields), format, pcm_rate=24_000)}")
    fields = {"model": visit.model, "voice": "alloy", "input": TEXT, "response_format": "wav", "stream_format": "sse"}
    events = _events(visit.post("/v1/audio/speech", fields))
    data = b"".join(base64.b64decode(each["audio"]) for each in events if each["type"] == "speech.audio.delta")
    return f"{', '.join(words)}, sse {_measured(data)}"


def openai_transcription(visit: Visit) -> str:
    words = _heard(visit.send("/v1/audio/transcriptions", model="whisper-1"))
    audio = {"data": base64.b64encode(visit.speech).decode(), "format": "wav"}
    if _heard(visit.post("/v1/audio/transcriptions", {"model": "whisper-1", "input_audio": audio})) != words:
        raise Failed("a recording in JSON is heard otherwise than one in a form")
    events = _events(visit.send("/v1/audio/transcriptions", model="whisper-1", stream="true"))
    if events[-1].get("type") != "transcript.text.done":
        raise Failed(f"events end with {events[-1].get('type')}")
    return f"{words}, {len(events)} events"


def openai_translation(visit: Visit) -> str:
    """A server without an engine that translates has to say so."""
    if visit.can("translation"):
        return _heard(visit.send("/v1/audio/translations", model="whisper-1"))
    answer = visit.send("/v1/audio/translations", model="whisper-1", refusals=(400, 422, 503))
    return f"refused, no engine translates: {answer.complaint()}" if not answer.ok else _heard(answer)


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


def page(visit: Visit) -> str:
    """A page, and every file that it names."""
    text = visit.get("/talk").body.decode()
    files = re.findall(r'(?:src|href)="(talk/[\w.]+)"', text)
    if not files:
        raise Failed("a page without scripts")
    return f"{len(files)} files, {sum(len(visit.get(f'/{name}').body) for name in files)} bytes"


def models(visit: Visit) -> str:
    names = [each["id"] for each in _object(visit.get("/v1/models"))["data"]]
    if not names:
        raise Failed("no model")
    visit.model = next((name for name in names if name.startswith("tts-")), "auto")
    return f"{len(names)} models"


def one_model(visit: Visit) -> str:
    return str(_object(visit.get(f"/v1/models/{visit.model}"))["id"])


def named(path: str, key: str) -> Check:
    """GET of a list of things with ids under this key."""

    def check(visit: Visit) -> str:
        found = _object(visit.get(path))[key]
        if not all(each["id"] for each in found):
            raise Failed("something without an id")
        return f"{len(found)} {key}"

    return check


def client_secret(visit: Visit) -> str:
    body = _object(visit.post("/v1/realtime/client_secrets", {"session": {"type": "realtime"}}))
    if not body["value"].startswith("ek_") or body["session"]["type"] != "realtime":
        raise Failed("no secret for a session")
    return "a secret"


def upload(visit: Visit) -> str:
    body = _object(visit.send("/files", kind="uploads"))
    visit.file_id = body["id"]
    return f"{body['size']} bytes, {body['duration']:.1f} s"


def one_file(visit: Visit) -> str:
    return str(_object(visit.get(f"/files/{_file(visit)}"))["media_type"])


def file_content(visit: Visit) -> str:
    data = visit.get(f"/files/{_file(visit)}/content").body
    if data != visit.speech:
        raise Failed("not what was sent")
    return _measured(data)


def delete_file(visit: Visit) -> str:
    visit.delete(f"/files/{_file(visit)}")
    visit.file_id = ""
    return "gone"


def cleanup(visit: Visit) -> str:
    body = _object(visit.post("/files/cleanup", {"dry_run": True}))
    return f"{body['files']} files would go"


def all_models(visit: Visit) -> str:
    found = _list(visit.get("/models").json())
    return f"{sum(model['present'] for model in found)} of {len(found)} are here"


def catalogue_model(visit: Visit) -> str:
    return str(_object(visit.get(f"/models/{_present_model(visit)}"))["where"])


def model_card(visit: Visit) -> str:
    return str(_object(visit.get(f"/model_card/{_present_model(visit)}"))["licence"])


def pull(visit: Visit) -> str:
    """A model that is there already: nothing is fetched."""
    visit.job = _object(visit.post("/models/pull", {"model": _present_model(visit)}))["id"]
    return "a job"


def told_none(method: str, path: str) -> Check:
    """Asks for what does not exist, where more would fetch or remove what is there."""

    def check(visit: Visit) -> str:
        ask = {"GET": visit.get, "DELETE": visit.delete}.get(method)
        answer = visit.post(path, {}, refusals=(404,)) if ask is None else ask(path, refusals=(404,))
        if answer.status != 404:
            raise Failed("did something with what does not exist")
        return str(_object(answer)["code"])

    return check


def job_events(visit: Visit) -> str:
    return str(_events(visit.get(f"/jobs/{_job(visit)}/events"))[-1]["state"])


def one_job(visit: Visit) -> str:
    return str(_object(visit.get(f"/jobs/{_job(visit)}"))["state"])


def cancel_job(visit: Visit) -> str:
    return str(_object(visit.delete(f"/jobs/{_job(visit)}"))["state"])


def change_nothing(visit: Visit) -> str:
    answer = visit.post("/config", {}, "PATCH", refusals=(409,))
    if answer.status == 409:
        return "the file cannot be changed"
    return f"{len(_object(answer)['live'])} keys changed"


def validate(visit: Visit) -> str:
    body = _object(visit.post("/config/validate", {"limits": {"queue_length": 0}}))
    if body["valid"]:
        raise Failed("took a queue of 0 for valid")
    return "told a wrong value"


def reload(visit: Visit) -> str:
    body = _object(visit.post("/config/reload", {}))
    return f"{len(body['live'])} keys changed, {len(body['restart'])} wait for a restart"


def live(visit: Visit) -> str:
    return f"{len(_events(visit.get('/analytics/live?count=1')))} snapshot"


def metrics(visit: Visit) -> str:
    lines = visit.get("/metrics").body.decode().splitlines()
    values = [line for line in lines if line.startswith("stts_")]
    if not values:
        raise Failed("no value of this server")
    return f"{len(values)} values"


CHECKS: Mapping[tuple[str, str], Check] = {
    ("GET", "/health"): keys("/health", "status"),
    ("GET", "/info"): keys("/info", "version", "auto"),
    ("GET", "/engines"): engines,
    ("GET", "/voices"): voices,
    ("POST", "/tts"): speak,
    ("GET", "/tts"): speak_by_query,
    ("POST", "/stt"): transcribe,
    ("POST", "/conversation"): converse,
    ("GET", "/conversation/status"): keys("/conversation/status", "active", "max"),
    ("GET", "/ws/conversation/status"): keys("/ws/conversation/status", "active_connections", "max_connections"),
    ("GET", "/talk"): page,
    ("GET", "/ready"): keys("/ready?probe=true", "ready", "status"),
    ("GET", "/engines/{name}"): one_engine,
    ("POST", "/engines/{name}/load"): load,
    ("POST", "/engines/{name}/unload"): unload,
    **{
        (method, "/engines/{name}/install"): told_none(method, "/engines/none-of-this-name/install")
        for method in ("GET", "POST", "DELETE")
    },
    ("GET", "/v1/models"): models,
    ("GET", "/v1/models/{model_id}"): one_model,
    ("GET", "/v1/audio/models"): named("/v1/audio/models", "models"),
    ("GET", "/v1/audio/voices"): named("/v1/audio/voices", "voices"),
    ("GET", "/v1/audio/speech/voices"): voices_of_models,
    ("POST", "/v1/audio/speech"): openai_speech,
    ("POST", "/v1/audio/transcriptions"): openai_transcription,
    ("POST", "/v1/audio/translations"): openai_translation,
    ("POST", "/v1/audio/speech/timestamps"): speech_timestamps,
    ("POST", "/v1/realtime/client_secrets"): client_secret,
    ("POST", "/files"): upload,
    ("GET", "/files"): keys("/files", "total"),
    ("GET", "/files/{file_id}"): one_file,
    ("GET", "/files/{file_id}/content"): file_content,
    ("DELETE", "/files/{file_id}"): delete_file,
    ("GET", "/files/usage"): keys("/files/usage", "bytes"),
    ("POST", "/files/cleanup"): cleanup,
    ("GET", "/models"): all_models,
    ("GET", "/models/{model_id}"): catalogue_model,
    ("GET", "/model_card/{model_id}"): model_card,
    ("POST", "/models/pull"): pull,
    ("DELETE", "/models/{model_id}"): told_none("DELETE", "/models/none-of-this-name"),
    ("GET", "/jobs"): lambda visit: f"{len(_list(visit.get('/jobs').json()))} jobs",
    ("GET", "/jobs/{job_id}/events"): job_events,
    ("GET", "/jobs/{job_id}"): one_job,
    ("DELETE", "/jobs/{job_id}"): cancel_job,
    ("GET", "/config"): keys("/config", "settings"),
    ("GET", "/config/schema"): keys("/config/schema", "properties"),
    ("POST", "/config/validate"): validate,
    ("PATCH", "/config"): change_nothing,
    ("POST", "/config/reload"): reload,
    ("GET", "/analytics/summary"): keys("/analytics/summary", "total"),
    ("GET", "/analytics/timeseries"): keys("/analytics/timeseries", "points"),
    ("GET", "/analytics/voices"): keys("/analytics/voices", "voices"),
    ("GET", "/analytics/formats"): keys("/analytics/formats", "formats"),
    ("GET", "/analytics/live"): live,
    ("GET", "/metrics"): metrics,
}
"""Method and path, as the OpenAPI document names them -> what is tried there."""


def _spare_engine(visit: Visit) -> dict[str, Any]:
    """One that can be loaded and unloaded without anybody missing it: the lightest that nobody uses yet."""
    usable = [each for each in visit.engines if each["state"] in ("cold", "ready") and not each["network"]]
    if not usable:
        raise Failed("not tried: no engine is installed")
    return min(usable, key=lambda each: (each["name"] != "espeak", each["state"] != "cold"))


def _present_model(visit: Visit) -> str:
    here = [model["id"] for model in _list(visit.get("/models").json()) if model["present"]]
    if not here:
        raise Failed("not tried: no model of the catalogue is here")
    return str(here[0])


def _job(visit: Visit) -> str:
    if not visit.job:
        raise Failed("not tried: no job was started")
    return visit.job


def _file(visit: Visit) -> str:
    if not visit.file_id:
        raise Failed("not tried: nothing was uploaded")
    return visit.file_id


def _sound(answer: Answer, format: str, pcm_rate: int | None = None) -> str:
    rate = int(answer.headers.get("x-sample-rate", pcm_rate or 0)) if format == "pcm" else None
    return _measured(answer.body, rate)


def _measured(data: bytes, pcm_rate: int | None = None) -> str:
    try:
        sound = measure(data, pcm_rate=pcm_rate)
    except ValueError as error:
        raise Failed(str(error)) from error
    if sound.silent or sound.seconds < SHORTEST_SECONDS:
        raise Failed(f"{sound.seconds:.1f} s with a peak of {sound.peak:.3f}")
    return f"{sound.seconds:.1f} s"


def _heard(answer: Answer) -> str:
    text = _object(answer).get("text")
    if not isinstance(text, str):
        raise Failed("no text")
    return f"{len(text.split())} words"


def _events(answer: Answer) -> list[dict[str, Any]]:
    found = list(_event_data(answer.body.decode()))
    if not found:
        raise Failed("no event")
    return found


def _event_data(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        field, _, value = line.partition(":")
        if field == "data" and not value.strip().startswith("[DONE]"):
            yield json.loads(value)


def _object(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise Failed("not a JSON object")
    return body


def _list(body: Any) -> list[Any]:
    if not isinstance(body, list) or not body:
        raise Failed("not a list of something")
    return body


def _brief(value: Any) -> str:
    return f"({len(value)})" if isinstance(value, dict | list) else " ".join(str(value).split())[:60]
