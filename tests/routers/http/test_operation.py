from __future__ import annotations

from routers.http.operation import speech_headers
from stts.context import RequestContext


def test_what_was_done_otherwise_is_told_once_and_in_ascii() -> None:
    context = RequestContext("tts")
    context.output_data.update(
        media_type="audio/wav", engine="espeak", voice="gmw/en-US", language="en-us", sample_rate=22050, channels=1
    )
    assert "x-warnings" not in speech_headers(context)
    for message in ("`pitch` was left out.", "No voice speaks “this”.", "`pitch` was left out."):
        context.warn(message)
    headers = speech_headers(context)
    assert headers["x-language"] == "en-us"
    assert headers["x-warnings"] == "%60pitch%60 was left out.; No voice speaks %E2%80%9Cthis%E2%80%9D."
