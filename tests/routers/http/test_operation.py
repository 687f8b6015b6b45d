from __future__ import annotations

from routers.http.operation import speech_headers
from stts.context import Outcome, RequestContext
from stts.speech import AudioOutput


def test_what_was_done_otherwise_is_told_once_and_in_ascii() -> None:
    context = RequestContext("tts")
    audio = AudioOutput("wav", "audio/wav", 22050, 1)
    context.output_data = Outcome("espeak", "gmw/en-US", "en-us", audio)
    assert "x-warnings" not in speech_headers(context)
    for message in ("`pitch` was left out.", "No voice speaks “this”.", "`pitch` was left out."):
        context.warn(message)
    headers = speech_headers(context)
    assert headers["x-language"] == "en-us"
    assert headers["x-warnings"] == "%60pitch%60 was left out.; No voice speaks %E2%80%9Cthis%E2%80%9D."
