"""A server's answers, and its silence, in words for people."""

from __future__ import annotations

import ssl

import httpx
import pytest

from clients.desktop.model.catalogue import voices
from clients.desktop.model.server import ServerFailed
from tests.clients.desktop.answering import HEADERS, SOUND, Answer, Answers, refused, spoken


async def heard(answers: Answers) -> bytes:
    server = answers.server()
    async with server.speak({"text": "Hello"}) as speech:
        return b"".join([block async for block in speech.blocks])


async def test_speech_comes_in_whole_samples() -> None:
    answers = Answers([spoken(b"\1", b"\2\3", b"\4\5", b"\6", b"\7")])
    server = answers.server()
    async with server.speak({"text": "Hello", "speed": 1.5}) as speech:
        blocks = [block async for block in speech.blocks]
    assert (speech.rate, speech.voice) == (24_000, "heart")
    assert blocks == [b"\1\2", b"\3\4", b"\5\6"]
    (asked,) = answers.asked
    assert asked[2] == {
        "text": "Hello",
        "speed": 1.5,
        "format": "pcm",
        "sample_rate": 24_000,
        "channels": 1,
        "stream": True,
    }


async def test_voices_are_those_that_speak_here() -> None:
    assert [voice.key for voice in voices(await Answers().server().look())] == ["hibari/heart"]


async def test_a_key_that_is_refused_is_told_in_other_words_than_none() -> None:
    answers = Answers(others={"/voices": refused(401, "Use the header X-API-Key.")})
    with pytest.raises(ServerFailed, match="does not take this key"):
        await answers.server("wrong").look()


async def test_the_key_goes_along_as_utf_8() -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(dict(request.headers.raw)[b"Authorization"])
        return httpx.Response(200, headers=HEADERS, json={})

    await Answers(others={"/health": answer}).server("schlüssel").json("/health")
    assert seen == ["Bearer schlüssel".encode()]


@pytest.mark.parametrize(
    ("answer", "told", "again"),
    [
        (httpx.ConnectError("refused"), "Nothing listens at http://speech.test", True),
        (httpx.ConnectTimeout("late"), "No machine answers", True),
        (httpx.ReadTimeout("late"), "said nothing for too long", True),
        (httpx.RemoteProtocolError("gone"), "closed the connection", True),
        (refused(422, "The text is empty."), "The text is empty.", False),
        (refused(401, "No key."), "The server wants a key: write one into the settings.", False),
        (refused(503, "Too much to do.", retry_after="7"), "Too much to do.", True),
        (refused(429, "Too often.", retry_after="soon"), "Too often.", True),
        (httpx.Response(500, json={"error": {"message": "It broke."}}), "It broke.", False),
        (httpx.Response(502, text="<html>"), "HTTP status 502", True),
        (httpx.Response(307, headers={"location": "http://elsewhere"}), "points to http://elsewhere", False),
        (httpx.Response(200, text="<html>"), "something else than audio", False),
    ],
)
async def test_what_went_wrong_is_told_and_whether_it_may_go_well_again(answer: Answer, told: str, again: bool) -> None:
    with pytest.raises(ServerFailed) as failed:
        await heard(Answers([answer]))
    assert told in str(failed.value)
    assert failed.value.again is again
    assert failed.value.after == (7.0 if "much" in told else None)


async def test_tls_where_there_is_none_is_told_apart_from_a_certificate() -> None:
    def broken(cause: Exception) -> httpx.ConnectError:
        error = httpx.ConnectError("tls")
        error.__cause__ = cause
        return error

    with pytest.raises(ServerFailed, match="write http://"):
        await heard(Answers([broken(ssl.SSLError("wrong version"))]))
    with pytest.raises(ServerFailed, match="certificate"):
        await heard(Answers([broken(ssl.SSLCertVerificationError("self-signed"))]))


async def test_an_answer_that_breaks_off_is_no_whole_one() -> None:
    with pytest.raises(ServerFailed, match="broke off before the end") as failed:
        await heard(Answers([spoken(SOUND, end=httpx.ReadError("gone"))]))
    assert not failed.value.again


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, text="hello"), httpx.Response(200, json={}), httpx.Response(200, headers=HEADERS, json=[])],
)
async def test_another_program_at_the_address_is_told(answer: httpx.Response) -> None:
    with pytest.raises(ServerFailed, match="something else than an STTS Server"):
        await Answers(others={"/health": answer}).server().look()


async def test_a_recording_becomes_a_voice() -> None:
    answers = Answers(others={"/v1/voices": httpx.Response(201, json={"id": "voice_1"})})
    assert await answers.server().clone("anna.wav", b"RIFF") == "voice_1"
    body = answers.asked[0][2]
    assert b'name="name"\r\n\r\nanna.wav' in body and b'filename="anna.wav"' in body
    for path, answer, there in (
        ("a", refused(404, "None."), False),
        ("b", httpx.Response(200, json={"id": "b"}), True),
    ):
        answers.others[f"/v1/voices/{path}"] = answer
        assert await answers.server().has_voice(path) is there
