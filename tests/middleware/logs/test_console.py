from __future__ import annotations

import time
from typing import Any

import pytest

from middleware.logs.console import ConsoleRenderer

CLOCK = time.strftime("%H:%M:%S", time.localtime(0))
SPEECH = {
    "event": "operation",
    "type": "tts",
    "status": "completed",
    "method": "POST",
    "route": "/tts",
    "http_status": 200,
}
SPEECH |= {"engine": "espeak", "voice": "en-us", "audio_seconds": 0.757, "first_item_seconds": 0.0141}
HEARD = {"event": "operation", "type": "stt", "status": "completed", "engine": "pocketsphinx", "audio_seconds": 3.706}
HEARD |= {"total_seconds": 0.6201}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (SPEECH, "POST /tts 200 espeak/en-us 0.76 s of audio, first 14 ms"),
        (SPEECH | {"queue_seconds": 0.21}, "POST /tts 200 espeak/en-us 0.76 s of audio, first 14 ms, waited 210 ms"),
        (SPEECH | {"text": "Dear Anna"}, 'POST /tts 200 espeak/en-us 0.76 s of audio, first 14 ms "Dear Anna"'),
        (
            SPEECH | {"request_id": "0123456789abcdef"},
            "POST /tts 200 espeak/en-us 0.76 s of audio, first 14 ms  [01234567]",
        ),
        (
            SPEECH | {"status": "cancelled", "http_status": None},
            "POST /tts cut short: espeak/en-us 0.76 s of audio, first 14 ms",
        ),
        (
            SPEECH
            | {"status": "error", "http_status": 422, "engine": None, "code": "unknown_voice", "reason": "No such."},
            "POST /tts 422 unknown_voice: No such.",
        ),
        (
            SPEECH | {"method": "WS", "route": "/ws/conversation", "http_status": None, "parent_id": "x"},
            "WS /ws/conversation tts espeak/en-us 0.76 s of audio, first 14 ms",
        ),
        (
            HEARD | {"method": "POST", "route": "/stt", "http_status": 200},
            "POST /stt 200 pocketsphinx 3.71 s heard, done 620 ms",
        ),
        (HEARD | {"route": "wyoming"}, "wyoming pocketsphinx 3.71 s heard, done 620 ms"),
        (
            {
                "event": "operation",
                "type": "conversation",
                "method": "POST",
                "route": "/conversation",
                "http_status": 200,
            }
            | {"first_token_seconds": 0.012, "first_audio_seconds": 0.04, "total_seconds": 1.21},
            "POST /conversation 200 first token 12 ms, first audio 40 ms, done 1.2 s",
        ),
        (
            {
                "event": "refused",
                "method": "GET",
                "path": "/x\n\x1b[2J",
                "http_status": 404,
                "code": "not_found",
                "reason": "No.",
            },
            "GET /x??[2J 404 not_found: No.",
        ),
        (
            {"event": "socket", "method": "WS", "path": "/ws/tts", "close_code": 1000, "seconds": 12.34},
            "WS /ws/tts closed 1000 after 12.3 s",
        ),
        (
            {"event": "wyoming_listening", "host": "127.0.0.1", "port": 10300},
            "wyoming listening: host 127.0.0.1, port 10300",
        ),
        ({"event": "Shutting down\n", "logger": "uvicorn.error"}, "Shutting down"),
        ({"event": "half \ud800"}, "half ?"),
        ({"event": "careful", "level": "warning"}, "WARNING careful"),
        ({"event": "broken", "level": "error", "exception": "a\n b"}, "ERROR broken\na\n b"),
    ],
)
def test_a_line_for_a_person(line: dict[str, Any], text: str) -> None:
    assert ConsoleRenderer(colours=False, clock=lambda: 0.0)(None, "info", line) == f"{CLOCK} {text}"


def test_colours_are_for_terminals() -> None:
    line = ConsoleRenderer(colours=True, clock=lambda: 0.0)(None, "info", {"event": "broken", "level": "error"})
    assert line == f"\033[2m{CLOCK}\033[0m \033[31mERROR\033[0m broken"
