"""The default voice says what the dictionary says, the default ear hears it, and the cache knows one from the other."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from engines.registry import Registry
from stts.settings import CacheSettings, Settings, StorageSettings, TTSSettings
from tests.server import running

pytestmark = pytest.mark.socket

TEXT = "My favourite fruit is the QXZ, and I eat one every morning."


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = Settings(
        tts=TTSSettings(order=("hibari",)),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("heard"))),
        cache=CacheSettings(enabled=True),
    )
    with running(settings, Registry()) as server, httpx.Client(base_url=server.url, timeout=120) as http:
        yield http


def said(http: httpx.Client, spoken: str) -> tuple[bytes, str]:
    body = {"text": TEXT, "stream": False, "dictionary": {"QXZ": spoken} if spoken else {}}
    answer = http.post("/tts", json=body)
    assert answer.status_code == 200 and answer.headers["x-engine"] == "hibari"
    return answer.content, answer.headers["x-cache"]


def heard(http: httpx.Client, audio: bytes) -> str:
    answer = http.post("/stt", files={"file": ("a.wav", audio)}, data={"language": "en"})
    return str(answer.json()["text"]).lower()


def test_the_ear_hears_the_words_of_the_dictionary(http: httpx.Client) -> None:
    plain, first = said(http, "")
    banana, second = said(http, "banana")
    orange, third = said(http, "orange")
    assert (first, second, third) == ("MISS", "MISS", "MISS")
    assert "banana" in heard(http, banana) and "orange" in heard(http, orange)
    assert not {"banana", "orange"} & set(heard(http, plain).replace(",", " ").split())
    assert [said(http, spoken) for spoken in ("", "banana", "orange")] == [
        (plain, "HIT"),
        (banana, "HIT"),
        (orange, "HIT"),
    ]
