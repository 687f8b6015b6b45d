"""Custom voices and consents by the official client, on a real socket: made, spoken with, listed, renamed, removed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import pytest
from openai import APIStatusError, AsyncOpenAI, BadRequestError, NotFoundError, OpenAI

from stts.access.viewer import SERVER
from stts.settings import OpenAISettings, StorageSettings, TTSSettings
from tests import patient
from tests.audio import decoded, encoded
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.routers.compat.cloning_engines import OTHER, recording
from tests.speakers import need_speakers, voice
from tests.stts.voices.recordings import RATE, music, noise
from tests.stts.voices.recordings import speech as person

pytestmark = [pytest.mark.socket, pytest.mark.long]

STATEMENT = "this is my voice and you may speak with it"
STATEMENTS = {"de": STATEMENT, "de-AT": "word0 word1 word2 word3 ja", "de-CH": "word0 word1 word2 ja ja"}
"""By language; the listener of this server hears word0 to word3."""
MOST = 4


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("custom")
    settings = keyed_settings(
        folder,
        tts=TTSSettings(order=("tone", *OTHER)),
        storage=StorageSettings(root=str(folder / "data"), require_consent=True),
        openai=OpenAISettings(custom_voices=MOST, consent_statements=STATEMENTS),
    )
    with keyed_server(settings, registry(**OTHER)) as keyed:
        yield keyed


def client(keyed: Keyed) -> OpenAI:
    key = str(keyed.key(role="write")["key"])
    return patient.OpenAI(base_url=f"{keyed.server.url}/v1", api_key=key, max_retries=0)


@pytest.fixture
def anna(keyed: Keyed) -> Iterator[OpenAI]:
    """A user of its own for each test."""
    with client(keyed) as anna:
        yield anna


@pytest.fixture
async def async_anna(keyed: Keyed) -> AsyncIterator[AsyncOpenAI]:
    key = str(keyed.key(role="write")["key"])
    async with patient.AsyncOpenAI(base_url=f"{keyed.server.url}/v1", api_key=key, max_retries=0) as anna:
        yield anna


@pytest.fixture
def bare(anna: OpenAI) -> Iterator[httpx.Client]:
    """Requests of Anna as other clients than the official one send them."""
    headers = {"Authorization": f"Bearer {anna.api_key}"}
    with patient.Client(base_url=str(anna.base_url), headers=headers) as client:
        yield client


def consent(anna: OpenAI, name: str = "Anna", **more: Any) -> str:
    given: dict[str, Any] = {"recording": ("yes.wav", recording(6.0)), "language": "en-US", "name": name, **more}
    return anna.audio.voice_consents.create(**given).id


def make(anna: OpenAI, **more: Any) -> Any:
    given: dict[str, Any] = {"name": "Anna's voice", "audio_sample": ("anna.wav", recording(6.0)), **more}
    return anna.audio.voices.create(**given)


def test_a_sample_with_a_consent_becomes_a_voice_that_speaks_by_its_id(anna: OpenAI) -> None:
    consented = consent(anna)
    assert re.fullmatch(r"cons_[\w-]{22}", consented)
    voice = make(anna, name="Anna / phone: \N{SMILING FACE WITH SMILING EYES}", consent=consented)
    assert re.fullmatch(r"voice_[\w-]{22}", voice.id)
    assert (voice.object, voice.type, voice.prompt) == ("audio.voice", "audio_sample", None)
    assert voice.name == "Anna / phone: \N{SMILING FACE WITH SMILING EYES}"
    assert voice.created_at > 1_700_000_000
    by_name: tuple[Any, ...] = (voice.id, {"id": voice.id})
    for named in by_name:
        answer = anna.audio.speech.create(model="mimic", voice=named, input="Hello there", response_format="wav")
        assert answer.response.headers["x-voice"] == voice.id
        assert len(decoded(answer.content)[0]) > 2_000


def test_the_library_tells_of_a_voice_when_and_in_which_recording_was_consented(anna: OpenAI, keyed: Keyed) -> None:
    given = anna.audio.voice_consents.retrieve(consent(anna))
    voice = make(anna, consent=given.id)
    told = keyed.admin.get(f"/v1/voices/{voice.id}").json()
    assert told["consent"]["recording"] == given.id and told["report"]["usable"]
    assert told["consent"]["date"] == datetime.fromtimestamp(given.created_at, UTC).date().isoformat()
    kept = keyed.server.services.files.consents.get(given.id, SERVER)
    assert kept.card.report is not None and kept.card.report["seconds"] == pytest.approx(6.0, abs=0.1)


def test_an_engine_that_cannot_clone_refuses_it_in_words(anna: OpenAI) -> None:
    voice = make(anna, consent=consent(anna))
    with pytest.raises(BadRequestError, match="cannot speak with this voice, which is a recording") as caught:
        anna.audio.speech.create(model="tone", voice=voice.id, input="Hello")
    assert caught.value.param == "voice"


def test_two_voices_may_have_one_name_and_are_in_the_list_of_open_webui(anna: OpenAI, bare: httpx.Client) -> None:
    consented = consent(anna)
    voices = [make(anna, name="One name", consent=consented) for _ in range(2)]
    listed = bare.get("audio/voices").json()
    assert set(listed) == {"voices"}
    mine = [each for each in listed["voices"] if each["name"] == "One name"]
    assert {each["id"] for each in mine} == {each.id for each in voices}


def test_a_deleted_voice_is_gone_and_its_consent_stays(anna: OpenAI) -> None:
    consented = consent(anna)
    voice = make(anna, consent=consented)
    deleted = anna.audio.voices.delete(voice.id)
    assert deleted.to_dict() == {"id": voice.id, "object": "audio.voice.deleted", "deleted": True}
    with pytest.raises(NotFoundError, match="no voice with this id"):
        anna.audio.voices.delete(voice.id)
    with pytest.raises(BadRequestError):
        anna.audio.speech.create(model="mimic", voice=voice.id, input="Hello")
    assert anna.audio.voice_consents.retrieve(consented).id == consented


def test_consents_are_shown_renamed_and_removed(anna: OpenAI) -> None:
    id = consent(anna, name="Anna / 1")
    kept = anna.audio.voice_consents.retrieve(id)
    assert (kept.object, kept.name, kept.language) == ("audio.voice_consent", "Anna / 1", "en-US")
    renamed = anna.audio.voice_consents.update(id, name="Anna, on the phone")
    assert (renamed.id, renamed.name) == (id, "Anna, on the phone")
    assert anna.audio.voice_consents.retrieve(id).name == "Anna, on the phone"
    deleted = anna.audio.voice_consents.delete(id)
    assert deleted.to_dict() == {"id": id, "object": "audio.voice_consent", "deleted": True}
    for again in (anna.audio.voice_consents.retrieve, anna.audio.voice_consents.delete):
        with pytest.raises(NotFoundError, match="no consent with this id"):
            again(id)
    with pytest.raises(NotFoundError):
        anna.audio.voice_consents.update(id, name="x")


def test_the_list_goes_on_page_by_page_while_it_is_emptied(anna: OpenAI) -> None:
    made = [consent(anna, name=f"Consent {number}") for number in range(5)]
    first = anna.audio.voice_consents.list(limit=2)
    assert first.has_more and [each.id for each in first.data] == made[:2:-1]
    assert first.has_next_page()
    seen = []
    for each in anna.audio.voice_consents.list(limit=2):
        seen.append(each.id)
        anna.audio.voice_consents.delete(each.id)
    assert seen == made[::-1]
    last = anna.audio.voice_consents.list()
    assert last.data == [] and not last.has_more
    with pytest.raises(BadRequestError) as caught:
        anna.audio.voice_consents.list(after="cons_" + "x" * 22)
    assert caught.value.param == "after"
    with pytest.raises(BadRequestError):
        anna.audio.voice_consents.list(limit=101)


async def test_the_asynchronous_client_does_the_same(async_anna: AsyncOpenAI) -> None:
    consented = await async_anna.audio.voice_consents.create(
        recording=("yes.mp3", recording(6.0, ".mp3")), language="en", name="Anna"
    )
    assert [each.id async for each in async_anna.audio.voice_consents.list()] == [consented.id]
    voice = await async_anna.audio.voices.create(
        name="Anna", audio_sample=("a.ogg", recording(8.0, ".ogg")), consent=consented.id, type="audio_sample"
    )
    answer = await async_anna.audio.speech.create(model="mimic", voice=voice.id, input="Hello", response_format="wav")
    assert len(decoded(answer.content)[0]) > 2_000
    assert (await async_anna.audio.voices.delete(voice.id)).deleted
    assert (await async_anna.audio.voice_consents.delete(consented.id)).deleted


def test_a_voice_needs_a_consent_that_is_there(anna: OpenAI, keyed: Keyed) -> None:
    with pytest.raises(BadRequestError, match="no consent with this id") as caught:
        make(anna, consent="cons_" + "x" * 22)
    assert caught.value.param == "consent"
    with pytest.raises(BadRequestError, match="voice_consents") as caught:
        make(anna, consent="")
    assert caught.value.param == "consent"
    with client(keyed) as bert:
        theirs = consent(bert)
        with pytest.raises(BadRequestError):
            make(anna, consent=theirs)
        with pytest.raises(NotFoundError):
            anna.audio.voice_consents.retrieve(theirs)
        assert anna.audio.voice_consents.list().data == []


def test_others_neither_speak_with_a_voice_nor_delete_it(anna: OpenAI, keyed: Keyed) -> None:
    voice = make(anna, consent=consent(anna))
    with client(keyed) as bert:
        with pytest.raises(BadRequestError):
            bert.audio.speech.create(model="mimic", voice=voice.id, input="Hello")
        with pytest.raises(NotFoundError):
            bert.audio.voices.delete(voice.id)
    assert anna.audio.voices.delete(voice.id).deleted


@pytest.mark.parametrize(
    ("samples", "why"),
    [(music(6.0) * 0, "silent"), (noise(6.0, 0.01), "noise"), (music(8.0), "music")],
    ids=["silence", "noise", "music"],
)
def test_what_nobody_speaks_in_is_no_consent_and_no_sample(anna: OpenAI, samples: Any, why: str) -> None:
    data = ("nobody.wav", encoded(samples, rate=RATE))
    with pytest.raises(BadRequestError, match=why) as caught:
        consent(anna, recording=data)
    assert caught.value.param == "recording"
    with pytest.raises(BadRequestError, match=why) as caught:
        make(anna, audio_sample=data, consent=consent(anna))
    assert caught.value.param == "audio_sample"


def test_another_person_may_not_consent(anna: OpenAI) -> None:
    need_speakers()
    first, second = (encoded(np.concatenate(voice(number)), rate=16_000) for number in (1, 2))
    consented = consent(anna, recording=("yes.wav", first))
    assert make(anna, audio_sample=("same.wav", encoded(np.concatenate(voice(1)[:4]), rate=16_000)), consent=consented)
    with pytest.raises(BadRequestError, match="not the one who consents") as caught:
        make(anna, audio_sample=("other.wav", second), consent=consented)
    assert caught.value.param == "audio_sample"


def test_what_is_no_audio_is_refused_with_the_name_of_its_part(anna: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        consent(anna, recording=("yes.wav", b"RIFF no audio"))
    assert caught.value.param == "recording"
    with pytest.raises(BadRequestError) as caught:
        make(anna, audio_sample=("a.wav", b"\x89PNG\r\n\x1a\n"), consent=consent(anna))
    assert caught.value.param == "audio_sample"


def test_ten_mebibytes_are_the_most(anna: OpenAI) -> None:
    with pytest.raises(APIStatusError, match="longer than 10485760 bytes") as caught:
        consent(anna, recording=("long.wav", bytes(10 * 1024 * 1024 + 1)))
    assert caught.value.status_code == 413


def test_of_a_long_sample_the_best_part_is_kept(anna: OpenAI, keyed: Keyed) -> None:
    voice = make(anna, audio_sample=("long.flac", encoded(person(), "flac", RATE)), consent=consent(anna))
    (stored,) = [each for each in keyed.server.services.files.references.reached(SERVER) if each.id == voice.id]
    assert stored.duration is not None and 5.0 < stored.duration <= 30.01


def test_voices_out_of_a_description_are_refused(anna: OpenAI, bare: httpx.Client) -> None:
    with pytest.raises(BadRequestError, match="out of a description") as caught:
        anna.audio.voices.create(name="Calm", type="prompt", prompt="A calm old man", model="auto", script_hint="Hi")
    assert caught.value.param == "type"
    answer = bare.post("audio/voices", json={"name": "Calm", "type": "prompt", "prompt": "A calm old man"})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "type"


@pytest.mark.parametrize("name", ["", " \u200b ", "x" * 257])
def test_names_have_one_to_256_characters(anna: OpenAI, name: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        consent(anna, name=name)
    assert caught.value.param == "name"


def test_as_many_voices_as_may_be(anna: OpenAI) -> None:
    consented = consent(anna)
    voices = [make(anna, name="x" * 256, consent=consented) for _ in range(MOST)]
    with pytest.raises(BadRequestError, match=f"{MOST} voices already"):
        make(anna, consent=consented)
    anna.audio.voices.delete(voices[0].id)
    assert make(anna, consent=consented).id


async def test_of_many_that_are_made_at_once_no_more_are_kept(async_anna: AsyncOpenAI) -> None:
    yes, sample = ("yes.wav", recording(6.0)), ("anna.wav", recording(6.0))
    consented = await async_anna.audio.voice_consents.create(recording=yes, language="en", name="Anna")
    making = [
        async_anna.audio.voices.create(name="Anna", audio_sample=sample, consent=consented.id) for _ in range(MOST + 2)
    ]
    made = await asyncio.gather(*making, return_exceptions=True)
    refused = [each for each in made if isinstance(each, BadRequestError)]
    assert len(refused) == 2 and all("voices already" in each.message for each in refused)


def test_a_language_that_is_none(anna: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        consent(anna, language="xx-nothing")
    assert caught.value.param == "language"


def test_words_of_the_operators_statement_must_be_heard(anna: OpenAI) -> None:
    """The listener of this server hears how long a recording is, and never these words."""
    with pytest.raises(BadRequestError, match="of the 10 words of the statement") as caught:
        consent(anna, language="de-DE")
    assert caught.value.param == "recording" and STATEMENT in caught.value.message
    assert consent(anna, language="fr")


def test_four_fifths_of_the_words_are_enough(anna: OpenAI) -> None:
    assert consent(anna, language="de-AT")
    with pytest.raises(BadRequestError, match="3 of the 5 words"):
        consent(anna, language="de-CH")


def test_a_consent_too_long_to_be_listened_to_has_not_the_operators_statement(anna: OpenAI) -> None:
    long = encoded(np.concatenate([person(), person()])[: 61 * RATE], rate=RATE)
    with pytest.raises(BadRequestError, match="longer than 60 s") as caught:
        consent(anna, language="de-DE", recording=("yes.wav", long))
    assert caught.value.param == "recording"
    assert consent(anna, language="fr", recording=("yes.wav", long))


def test_the_words_that_were_heard_are_kept(anna: OpenAI) -> None:
    kept = anna.audio.voice_consents.retrieve(consent(anna))
    assert kept.model_extra is not None and kept.model_extra["transcript"]


def test_ids_with_a_slash_and_deletes_with_an_empty_json_body(anna: OpenAI, bare: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("audio/voices/a%2Fb", "audio/voice_consents/a%2Fb"):
        answer = bare.delete(path, headers=headers)
        assert answer.status_code == 404
        assert "with this id" in answer.json()["error"]["message"]
    voice = make(anna, consent=consent(anna))
    assert bare.delete(f"audio/voices/{voice.id}", headers=headers).json()["deleted"] is True


def test_the_recording_under_another_name_or_as_text(anna: OpenAI, bare: httpx.Client) -> None:
    wrong: list[dict[str, Any]] = [
        {"files": {"file": ("a.wav", recording(6.0))}, "data": {"name": "x", "language": "en"}},
        {"files": {"name": (None, "x"), "language": (None, "en"), "recording": (None, "text")}},
        {"files": {"name": (None, "x"), "language": (None, "en")}},
    ]
    for fields in wrong:
        answer = bare.post("audio/voice_consents", **fields)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["param"] == "recording"
    assert "comes as `recording`" in bare.post("audio/voice_consents", **wrong[0]).json()["error"]["message"]


def test_the_audit_trail_tells_of_consents(anna: OpenAI, keyed: Keyed) -> None:
    id = consent(anna, name="Audited")
    anna.audio.voice_consents.update(id, name="Again")
    anna.audio.voice_consents.delete(id)
    entries: list[dict[str, Any]] = []
    for _ in range(100):
        entries = [each for each in keyed.admin.get("/admin/audit").json()["entries"] if each["target"].endswith(id)]
        if len(entries) == 3:
            break
    assert [each["action"] for each in entries] == ["consent.delete", "consent.change", "consent.create"]


def test_what_is_removed_of_a_user_has_its_consents(keyed: Keyed) -> None:
    issued = keyed.key(role="write")
    with patient.OpenAI(base_url=f"{keyed.server.url}/v1", api_key=str(issued["key"]), max_retries=0) as user:
        make(user, consent=consent(user))
        removed = keyed.admin.delete(f"/admin/users/{issued['user_id']}/data").json()
        assert (removed["voices"], removed["consents"]) == (1, 1)
        assert user.audio.voice_consents.list().data == []
