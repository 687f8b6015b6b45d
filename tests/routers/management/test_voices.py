"""The library of voices: made of recordings and blends, validated, spoken with by name and id, changed, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from stts.settings import StorageSettings, TTSSettings
from tests.audio import decoded, speech
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.stts.voices.recordings import music, noise, ultrasound, wav
from tests.stts.voices.recordings import speech as person

pytestmark = pytest.mark.socket

WORDS = "please open the window and turn off the light in the kitchen"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("voices")
    settings = keyed_settings(
        folder,
        tts=TTSSettings(order=("tone", "cloner", "blender")),
        storage=StorageSettings(root=str(folder), reference_seconds=20.0),
    )
    engines = registry(cloner="tests.fakes:ClonerEngine", blender="tests.fakes:BlenderEngine")
    with keyed_server(settings, engines) as keyed:
        yield keyed


@pytest.fixture(scope="module")
def anna(keyed: Keyed) -> Iterator[httpx.Client]:
    with keyed.client(str(keyed.key(role="write")["key"])) as client:
        yield client


@pytest.fixture(scope="module")
def bert(keyed: Keyed) -> Iterator[httpx.Client]:
    with keyed.client(str(keyed.key(role="write")["key"])) as client:
        yield client


def make(client: httpx.Client, name: str, data: bytes | None = None, **form: Any) -> httpx.Response:
    files = {"file": ("a.flac", data or speech())} if "blend" not in form else None
    return client.post("/v1/voices", files=files, data={"name": name, **form})


def made(client: httpx.Client, name: str, data: bytes | None = None, **form: Any) -> dict[str, Any]:
    answer = make(client, name, data, **form)
    assert answer.status_code == 201, answer.text
    voice: dict[str, Any] = answer.json()
    return voice


def say(client: httpx.Client, voice: str, **more: Any) -> httpx.Response:
    return client.post("/tts", json={"text": "Hello there, you", "voice": voice, "format": "pcm", **more})


def test_a_recording_becomes_a_voice_with_its_card_and_figures(anna: httpx.Client) -> None:
    consented = anna.post("/files", files={"file": ("yes.wav", speech())}).json()["id"]
    voice = made(
        anna,
        "Ann",
        language="English",
        transcript=WORDS,
        tags="calm, old",
        consent="Ann, on the phone",
        consent_date="2026-11-01",
        consent_recording=consented,
        speed="1.5",
        parameters='{"frequency": 300}',
    )
    assert (voice["name"], voice["source"], voice["language"], voice["visibility"]) == (
        "Ann",
        "recording",
        "en",
        "private",
    )
    assert voice["tags"] == ["calm", "old"] and voice["transcript"] == WORDS
    assert voice["consent"] == {"statement": "Ann, on the phone", "date": "2026-11-01", "recording": consented}
    assert voice["defaults"] == {"speed": 1.5, "parameters": {"frequency": 300}, "dictionary": {}}
    report = voice["report"]
    assert report["usable"] and report["speech_seconds"] > 2 and report["signal_to_noise"] > 20
    assert report["words_spoken"] == 12
    assert report["speakers"] == 1 or (report["speakers"] is None and "speakers" in report["unknown"])
    assert [each["code"] for each in report["problems"]] == ["short", "transcript"], "the ear here counts seconds"
    assert anna.get(f"/v1/voices/{voice['id']}").json() == voice
    assert anna.get(f"/v1/voices/{voice['id']}/validate").json() == report
    assert anna.get("/v1/voices", params={"tag": "old", "language": "en"}).json()["total"] == 1
    assert anna.get("/v1/voices", params={"tag": "young"}).json()["total"] == 0


@pytest.mark.parametrize(
    ("samples", "rate", "told"),
    [
        (np.zeros(48_000 * 2, np.float32), 48_000, "silent"),
        (ultrasound(2.0), 96_000, "24 kHz"),
        (noise(6.0, 0.01), 48_000, "noise"),
        (music(6.0), 48_000, "music"),
        (person()[48_000 : 48_000 + 24_000], 48_000, "at least 1 s"),
    ],
    ids=["silence", "40 kHz", "noise", "music", "half a second"],
)
def test_what_holds_no_voice_is_refused_in_words(anna: httpx.Client, samples: np.ndarray, rate: int, told: str) -> None:
    answer = make(anna, "none", wav(samples, rate).getvalue())
    assert answer.status_code == 400 and told in answer.json()["error"]["message"], answer.text
    assert make(anna, "none", b"no audio" * 100).status_code == 400


def test_of_a_recording_that_is_too_long_to_be_kept_the_best_part_is_kept(anna: httpx.Client) -> None:
    voice = made(anna, "long", wav(person()).getvalue())
    assert 15 < voice["seconds"] <= 20.0 and voice["report"]["seconds"] > 44
    window = voice["report"]["window"]
    assert window["end"] - window["start"] == pytest.approx(voice["seconds"], abs=0.1)
    anna.delete(f"/v1/voices/{voice['id']}")


def test_it_is_spoken_with_by_name_and_id_and_with_its_own_speed(anna: httpx.Client) -> None:
    voice = made(anna, "quick", speed="2")
    by_name, by_id, slow = say(anna, "quick"), say(anna, voice["id"]), say(anna, "quick", speed=1.0)
    # The first speech of an engine is cut into other pieces than later ones, and its level is measured on it.
    assert by_name.headers["x-engine"] == "cloner"
    assert len(by_id.content) == pytest.approx(len(by_name.content), rel=0.1)
    assert len(slow.content) == pytest.approx(2 * len(by_id.content), rel=0.1)
    body = {"input": "Hello there, you", "voice": "quick", "model": "tts-1", "response_format": "pcm"}
    assert len(anna.post("/v1/audio/speech", json=body).content) < len(slow.content) * 24 / 16 * 0.6
    refused = say(anna, "quick", engine="tone")
    assert refused.status_code == 422 and "to be cloned" in refused.json()["detail"]
    anna.delete(f"/v1/voices/{voice['id']}")


def test_a_blend_is_spoken_by_who_blends_and_refused_by_others(anna: httpx.Client) -> None:
    voice = made(anna, "mix", blend="low(3)-high(1)")
    assert (voice["source"], voice["blend"]) == ("blend", "low(3)-high(1)")
    spoken = say(anna, "mix", sample_rate=16_000)
    assert (spoken.headers["x-engine"], spoken.headers["x-voice"]) == ("blender", "low(1.5)-high(0.5)")
    samples = np.frombuffer(spoken.content, "<i2").astype(float)
    peak = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * 16_000 / len(samples)
    assert peak == pytest.approx(100, abs=4), "1.5 x 200 Hz - 0.5 x 400 Hz"
    assert "blend" in say(anna, "mix", engine="cloner").json()["detail"]
    for wrong in ("low", "low-high", "low+nobody", "low(1"):
        assert make(anna, "wrong", blend=wrong).status_code == 400
    assert make(anna, "", blend="low+high").status_code == 400
    assert anna.post(f"/v1/voices/{voice['id']}/validate").status_code == 404
    assert anna.get(f"/v1/voices/{voice['id']}/preview").headers["x-engine"] == "blender"
    assert anna.delete(f"/v1/voices/{voice['id']}").json()["id"] == voice["id"]
    assert say(anna, "mix").status_code == 422


def test_what_is_others_is_not_there(keyed: Keyed, anna: httpx.Client, bert: httpx.Client) -> None:
    voice = made(anna, "secret")
    path = f"/v1/voices/{voice['id']}"
    for method, more in (
        ("GET", ""),
        ("DELETE", ""),
        ("PATCH", ""),
        ("GET", "/preview"),
        ("GET", "/validate"),
        ("POST", "/validate"),
    ):
        json = {"name": "mine"} if method == "PATCH" else None
        assert bert.request(method, path + more, json=json).status_code == 404, (method, more)
    assert voice["id"] not in [each["id"] for each in bert.get("/v1/voices").json()["voices"]]
    assert say(bert, "secret").status_code == 422
    assert anna.patch(path, json={"visibility": "shared"}).status_code == 403
    assert keyed.admin.patch(path, json={"visibility": "shared"}).json()["visibility"] == "shared"
    seen = bert.get(path).json()
    assert (seen["transcript"], seen["consent"]) == (None, None) and say(bert, "secret").status_code == 200
    assert bert.delete(path).status_code == 404 and bert.patch(path, json={"tags": []}).status_code == 404
    assert anna.delete(path).status_code == 200


def test_a_card_is_changed_and_a_name_that_is_taken_is_not(anna: httpx.Client) -> None:
    voice, other = made(anna, "before", tags="a"), made(anna, "other")
    path = f"/v1/voices/{voice['id']}"
    change = {"name": "after", "transcript": "new words", "defaults": {"speed": 1.2}, "consent": {"statement": "B"}}
    changed = anna.patch(path, json=change).json()
    assert (changed["name"], changed["transcript"], changed["defaults"]["speed"]) == ("after", "new words", 1.2)
    assert changed["tags"] == ["a"] and changed["report"] == voice["report"] | {"unknown": changed["report"]["unknown"]}
    assert "changed since" in changed["report"]["unknown"]["words_found"] and changed["consent"]["statement"] == "B"
    assert say(anna, "after").status_code == 200 and say(anna, "before").status_code == 422
    assert anna.patch(path, json={"name": "OTHER"}).status_code == 409
    assert anna.patch(path, json={"consent": {"recording": "ref_" + "x" * 22}}).status_code == 400
    assert anna.patch(path, json={"speed": 3}).status_code == 400
    assert anna.post(f"{path}/validate").json()["usable"] and anna.get(path).json()["report"]["usable"]
    for each in (voice, other):
        anna.delete(f"/v1/voices/{each['id']}")


def test_a_changed_transcript_takes_only_its_words_from_the_report(anna: httpx.Client) -> None:
    voice = made(anna, "worded", transcript=WORDS)
    path, before = f"/v1/voices/{voice['id']}", voice["report"]
    assert before["words_spoken"] == 12 and "transcript" in [each["code"] for each in before["problems"]]
    assert anna.patch(path, json={"transcript": WORDS}).json()["report"] == before, "nothing has changed"
    after = anna.patch(path, json={"transcript": None}).json()["report"]
    assert (after["words_found"], after["words_spoken"], after["level"]) == (None, None, before["level"])
    assert after["unknown"]["words_found"] == "It has no transcript."
    assert [each["code"] for each in after["problems"]] == ["short"]
    anna.delete(path)


def test_figures_have_the_digits_that_mean_something(anna: httpx.Client) -> None:
    voice = made(anna, "figures")
    numbers = [*voice["report"].values(), *voice["report"]["window"].values(), voice["seconds"]]
    told = [repr(each) for each in numbers if isinstance(each, float)]
    assert len(told) >= 10 and max(map(len, told)) <= 8, told
    anna.delete(f"/v1/voices/{voice['id']}")


def test_consent_is_changed_by_its_words_alone_and_taken_back_by_null(anna: httpx.Client) -> None:
    path = f"/v1/voices/{made(anna, 'agreed', consent='Ann', consent_date='2026-11-01')['id']}"
    said = anna.patch(path, json={"consent": "Mary"}).json()["consent"]
    assert said == {"statement": "Mary", "date": "2026-11-01", "recording": None}
    only = anna.patch(path, json={"consent": {"statement": None}}).json()["consent"]
    assert only == {"statement": None, "date": "2026-11-01", "recording": None}
    assert anna.patch(path, json={"consent": "x" * 501}).status_code == 400
    assert anna.patch(path, json={"consent": {"statement": "Ann"}}).json()["consent"]["statement"] == "Ann"
    assert anna.patch(path, json={"consent": None}).json()["consent"] is None
    anna.delete(path)


def test_a_report_that_is_not_there_says_what_would_make_it(anna: httpx.Client) -> None:
    blend = made(anna, "unheard", blend="low+high")
    answer = anna.get(f"/v1/voices/{blend['id']}/validate")
    assert answer.status_code == 404 and "A blend has no recording" in answer.json()["error"]["message"]
    anna.delete(f"/v1/voices/{blend['id']}")


def test_a_name_that_comes_from_the_file_is_told_where_it_is_taken(anna: httpx.Client) -> None:
    voice = anna.post("/v1/voices", files={"file": ("From file.flac", speech())}).json()
    assert voice["name"] == "From file"
    again = anna.post("/v1/voices", files={"file": ("From file.flac", speech())})
    assert again.status_code == 409 and "From file" in again.json()["error"]["message"], again.text
    assert again.json()["error"]["param"] == "name"
    anna.delete(f"/v1/voices/{voice['id']}")


def test_tags_are_separated_by_commas_or_a_json_list(anna: httpx.Client) -> None:
    voice = made(anna, "tagged", tags='["calm, mostly", "old"]')
    assert voice["tags"] == ["calm, mostly", "old"]
    for wrong in ("[1]", '["a"', "[[]]"):
        assert make(anna, "wrong", tags=wrong).json()["error"]["param"] == "tags"
    anna.delete(f"/v1/voices/{voice['id']}")


@pytest.mark.parametrize("language", ["xx-nope", "xx", "elvish", "en--us"])
def test_a_language_is_one_that_is_known(anna: httpx.Client, language: str) -> None:
    refused = make(anna, "spoken", language=language)
    assert refused.status_code == 400 and "BCP 47" in refused.json()["error"]["message"], refused.text
    voice = made(anna, "spoken", language="pt_br")
    assert voice["language"] == "pt-BR"
    path = f"/v1/voices/{voice['id']}"
    assert anna.patch(path, json={"language": language}).json()["error"]["param"] == "language"
    assert anna.patch(path, json={"language": None}).json()["language"] is None
    anna.delete(path)


@pytest.mark.parametrize("name", ["alloy", "Nova", "low", "HIGH.wav"])
def test_names_that_mean_other_voices_are_refused(anna: httpx.Client, name: str) -> None:
    voice = made(anna, "own")
    path = f"/v1/voices/{voice['id']}"
    for refused in (make(anna, name), anna.patch(path, json={"name": name})):
        assert refused.status_code == 409 and "choose another" in refused.json()["error"]["message"], refused.text
    assert anna.patch(path, json={"name": "OWN"}).status_code == 200
    anna.delete(path)


def test_the_list_of_all_voices_has_the_name_and_the_language_of_the_card(anna: httpx.Client) -> None:
    path = f"/v1/voices/{made(anna, 'Anna B', language='en')['id']}"
    for asked in ({"engine": "cloner"}, {"engine": "cloner", "language": "de"}):
        (listed,) = [each for each in anna.get("/voices", params=asked).json() if each["name"] == "Anna B"]
        assert (listed["id"], listed["languages"]) == ("Anna B", ["en"])
    assert say(anna, listed["id"]).status_code == 200
    anna.delete(path)


def test_a_preview_is_speech_or_the_recording(anna: httpx.Client) -> None:
    voice = made(anna, "heard", language="de")
    path = f"/v1/voices/{voice['id']}/preview"
    spoken = anna.get(path, params={"format": "pcm"})
    assert spoken.headers["x-engine"] == "cloner" and len(spoken.content) > 16_000
    recording = anna.get(path, params={"source": "recording"})
    samples, _ = decoded(recording.content)
    assert recording.headers["content-type"] == "audio/wav" and 1 < len(samples) / 16_000 < 4
    assert anna.get(path, params={"engine": "tone", "source": "speech"}).status_code == 400
    for named in ({"engine": "tone"}, {"engine": "nobody"}):
        refused, told = anna.get(path, params=named), say(anna, voice["id"], **named).json()["detail"]
        assert refused.status_code == 400 and told[:30] == refused.json()["error"]["message"][:30], refused.text
    assert (spoken.headers["x-preview-source"], recording.headers["x-preview-source"]) == ("speech", "recording")
    other = anna.get(path, params={"source": "recording", "format": "mp3"})
    assert other.headers["content-type"] == "audio/mpeg"
    assert len(decoded(other.content)[0]) == pytest.approx(len(samples), rel=0.1)
    anna.delete(f"/v1/voices/{voice['id']}")


def test_forms_that_are_wrong_are_refused_with_the_reason(anna: httpx.Client) -> None:
    wrong = [("parameters", "[1]"), ("parameters", "{"), ("speed", "9"), ("tags", "x" * 65), ("colour", "red")]
    for field, value in wrong:
        form: dict[str, Any] = {field: value}
        assert make(anna, "wrong", **form).status_code == 400, form
    assert make(anna, "wrong", consent_recording="upl_" + "x" * 22).json()["error"]["param"] == "consent_recording"
    assert anna.post("/v1/voices", data={"name": "nothing"}).status_code == 400
    assert make(anna, "auto").status_code == 400


def test_the_audit_trail_tells_of_voices_and_their_consent(keyed: Keyed, anna: httpx.Client) -> None:
    voice = made(anna, "audited", consent="Carl")
    anna.patch(f"/v1/voices/{voice['id']}", json={"tags": ["x"]})
    anna.delete(f"/v1/voices/{voice['id']}")
    entries: list[dict[str, Any]] = []
    for _ in range(100):
        entries = [
            each for each in keyed.admin.get("/admin/audit").json()["entries"] if each["target"].endswith(voice["id"])
        ]
        if len(entries) == 3:
            break
    assert [each["action"] for each in entries] == ["voice.delete", "voice.change", "voice.create"]
    assert all(each["details"]["consent"] == "Carl" for each in entries)


def test_removing_a_user_removes_its_voices_and_what_was_made_of_them(keyed: Keyed) -> None:
    issued = keyed.key(role="write")
    with keyed.client(str(issued["key"])) as user:
        made(user, "mine")
        assert say(user, "mine").status_code == 200
    removed = keyed.admin.delete(f"/admin/users/{issued['user_id']}/data").json()
    assert removed["voices"] == 1
    assert not any(Path(keyed.settings.storage.root, "references").glob(f"*{issued['user_id']}*"))
