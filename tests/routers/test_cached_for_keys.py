"""The cache between users, over HTTP: nobody hears what another's voice has said, and nothing half made is kept."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from stts.settings import CacheSettings, EngineSettings, TTSSettings
from tests.audio import encoded, tone
from tests.fakes import NO_FALL_BACK, registry
from tests.keyed import Keyed, keyed_server, keyed_settings

pytestmark = pytest.mark.socket

HALF = "This is the first of many sentences, and it is spoken to its end. " * 5 + "Then explode."
"""The engine fails at its end."""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    settings = keyed_settings(
        tmp_path_factory.mktemp("cached"),
        tts=TTSSettings(order=("cloner", "tone")),
        cache=CacheSettings(),
        engines=EngineSettings(options={"tone": {"fail_on": "explode", "speed": 30.0}}),
        routing=NO_FALL_BACK,
    )
    with keyed_server(settings, registry(cloner="tests.fakes:ClonerEngine")) as keyed:
        yield keyed


@pytest.fixture
def users(keyed: Keyed) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with keyed.client(keyed.key(role="write")["key"]) as one, keyed.client(keyed.key(role="write")["key"]) as other:
        yield one, other


def uploaded(http: httpx.Client, name: str, seconds: float) -> str:
    answer = http.post("/files", files={"file": (name, encoded(tone(seconds)))}, data={"kind": "references"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def spoken(http: httpx.Client, **wishes: object) -> httpx.Response:
    return http.post("/tts", json={"text": "Only for me.", "stream": False, **wishes})


@pytest.mark.parametrize(("name", "seconds"), [("same.wav", 0.2), ("longer.wav", 0.4)])
def test_a_private_voice_of_another_is_no_hit(
    users: tuple[httpx.Client, httpx.Client], name: str, seconds: float
) -> None:
    anna, bert = users
    voice = uploaded(anna, name, 0.2)
    own = [spoken(anna, voice=name) for _ in range(2)]
    assert [each.headers["x-cache"] for each in own] == ["MISS", "HIT"]
    for theirs in (voice, name):
        refused = spoken(bert, voice=theirs)
        assert refused.status_code >= 400 and "x-cache" not in refused.headers
    uploaded(bert, name, seconds)
    assert spoken(bert, voice=name).headers["x-cache"] == "MISS", "also where the recordings are equal"
    assert spoken(bert, voice=voice).status_code >= 400
    assert spoken(anna, voice=voice).headers["x-cache"] == "HIT"


def test_what_everybody_may_use_is_a_hit_for_another(users: tuple[httpx.Client, httpx.Client]) -> None:
    answers = [spoken(http, text="For everybody.", engine="tone", voice="low") for http in users]
    assert [each.headers["x-cache"] for each in answers] == ["MISS", "HIT"]
    assert answers[0].content == answers[1].content


def test_what_a_key_may_not_use_is_no_hit(keyed: Keyed, users: tuple[httpx.Client, httpx.Client]) -> None:
    high = {"text": "Up here.", "engine": "tone", "voice": "high"}
    assert spoken(users[0], **high).headers["x-cache"] == "MISS"
    for limits in ({"allowed_voices": ["low"]}, {"allowed_engines": ["cloner"]}):
        with keyed.client(keyed.key(role="write", **limits)["key"]) as limited:
            refused = spoken(limited, **high)
            assert refused.status_code == 403 and "x-cache" not in refused.headers


def test_what_fails_after_its_first_audio_is_not_kept(users: tuple[httpx.Client, httpx.Client]) -> None:
    for http in (*users, users[0]):
        heard = b""
        wanted = {"text": HALF, "engine": "tone", "format": "pcm", "stream": True}
        with http.stream("POST", "/tts", json=wanted) as answer:
            assert (answer.status_code, answer.headers["x-cache"]) == (200, "MISS")
            with pytest.raises(httpx.RemoteProtocolError):
                for data in answer.iter_bytes():
                    heard += data
        assert heard, "a part was sent"
