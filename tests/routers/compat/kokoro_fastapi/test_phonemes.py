"""Phonemes of real engines, over a socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routers.compat.kokoro_fastapi.profile import KOKORO_FASTAPI
from stts.settings import Settings, StorageSettings, TTSSettings
from tests import patient
from tests.audio import decoded
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

TEXT = "The first move is what sets everything in motion."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    root = str(tmp_path_factory.mktemp("phonemes") / "data")
    settings = Settings(storage=StorageSettings(root=root), tts=TTSSettings(order=("hibari", "espeak")))
    with running(settings, dialects=(*KOKORO_FASTAPI.dialects, "management")) as server:
        yield server


def test_phonemes_of_a_text_are_spoken_like_the_text(server: RunningServer) -> None:
    told = patient.post(f"{server.url}/dev/phonemize", json={"text": TEXT, "language": "a"}).json()
    assert told["engine"] == "hibari" and told["tokens"] == []
    assert "mˈu" in told["phonemes"]
    spoken = patient.post(
        f"{server.url}/dev/generate_from_phonemes", json={"phonemes": told["phonemes"], "voice": "heart"}
    )
    plain = patient.post(
        f"{server.url}/v1/audio/speech", json={"input": TEXT, "voice": "heart", "response_format": "wav"}
    )
    assert spoken.headers["content-type"] == "audio/wav"
    lengths = [len(decoded(each.content)[0]) for each in (spoken, plain)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.05)


def test_phonemes_are_an_operation(server: RunningServer) -> None:
    def counted(name: str) -> float:
        lines = patient.get(f"{server.url}/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    names = ("stts_operations_total{", "stts_characters_total")
    operations, characters = map(counted, names)
    assert patient.post(f"{server.url}/dev/phonemize", json={"text": TEXT, "language": "a"}).status_code == 200
    assert list(map(counted, names)) == [operations + 1, characters + len(TEXT)]


@pytest.mark.parametrize(("language", "sound"), [("e", "mˈund"), ("f", "bɔ̃ʒˈuʁ"), ("pt-BR", "ŋdʊ")])
def test_other_languages_have_those_of_espeak(server: RunningServer, language: str, sound: str) -> None:
    text = {"e": "Hola mundo.", "f": "Bonjour.", "pt-BR": "Olá mundo."}[language]
    told = patient.post(f"{server.url}/dev/phonemize", json={"text": text, "language": language}).json()
    assert told["engine"] == "espeak" and sound in told["phonemes"], told


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/dev/phonemize", {"text": " "}),
        ("/dev/phonemize", {"text": "Hello.", "language": "tlh"}),
        ("/dev/generate_from_phonemes", {"phonemes": ""}),
        ("/dev/generate_from_phonemes", {"phonemes": "həlˈO", "voice": "nosuch"}),
    ],
)
def test_what_has_no_phonemes(server: RunningServer, path: str, body: dict[str, str]) -> None:
    answer = patient.post(f"{server.url}{path}", json=body)
    assert (answer.status_code, answer.json()["detail"]["error"]) == (400, "validation_error")
