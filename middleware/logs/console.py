"""Log lines for a person at a terminal: one sentence each. JSON keeps all fields; here stands what one looks for.

08:14:03 POST /tts 200 espeak/en-us 0.76 s of audio, first 14 ms  [eae269a9]
08:14:09 POST /tts 422 unknown_voice: espeak has no such voice  [e3a4365f]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from structlog.typing import EventDict, WrappedLogger

SHORT_ID = 8
"""Characters of a correlation id: enough to find its line in a screenful."""
WAITED_SECONDS = 0.05
"""A wait for an engine that is worth a word."""
_DIM, _YELLOW, _RED, _PLAIN = "\033[2m", "\033[33m", "\033[31m", "\033[0m"
_COLOURS: Mapping[str, str] = {"warning": _YELLOW, "error": _RED, "critical": _RED}
_FRAME = ("level", "timestamp", "request_id", "trace_id", "event", "exception", "logger")
"""Fields of every line, which have their own places."""


class ConsoleRenderer:
    """A structlog processor that makes the text of a line."""

    def __init__(self, *, colours: bool, clock: Callable[[], float] = time.time) -> None:
        self._colours = colours
        self._clock = clock

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        level = str(event.get("level", "info"))
        words = [self._painted(time.strftime("%H:%M:%S", time.localtime(self._clock())), _DIM)]
        if level != "info":
            words.append(self._painted(level.upper(), _COLOURS.get(level, _DIM)))
        words.append(_printable(_sentence(event)))
        if request_id := event.get("request_id"):
            words.append(self._painted(f" [{_printable(str(request_id)[:SHORT_ID])}]", _DIM))
        line = " ".join(words)
        return f"{line}\n{event['exception']}" if event.get("exception") else line

    def _painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colours else text


def _sentence(event: EventDict) -> str:
    match event.get("event"):
        case "operation":
            return _operation(event)
        case "refused":
            return _joined([*_door(event), _reason(event)])
        case "socket":
            return _joined([*_door(event), f"closed {event.get('close_code', '')} after {event['seconds']:.1f} s"])
        case other:
            return _anything(str(other), event)


def _operation(line: Mapping[str, Any]) -> str:
    """The operation in words: kind, engine, amount and speed."""
    words = _door(line)
    if line.get("parent_id"):
        words.append(str(line.get("type")))
    if line.get("status") == "cancelled":
        words.append("cut short:")
    if line.get("engine"):
        words.append("/".join(str(line[name]) for name in ("engine", "voice") if line.get(name)))
    if line.get("status") == "error":
        return _joined([*words, _reason(line)])
    figures = _SAID.get(str(line.get("type")), _turn)(line)
    if line.get("queue_seconds", 0.0) >= WAITED_SECONDS:
        figures.append(f"waited {_short(line['queue_seconds'])}")
    text = f' "{line["text"]}"' if "text" in line else ""
    return _joined([*words, ", ".join(figures)]) + text


def _speech(line: Mapping[str, Any]) -> list[str]:
    said = [f"{line['audio_seconds']:.2f} s of audio"] if "audio_seconds" in line else []
    return said + ([f"first {_short(line['first_item_seconds'])}"] if "first_item_seconds" in line else [])


def _hearing(line: Mapping[str, Any]) -> list[str]:
    heard = [f"{line['audio_seconds']:.2f} s heard"] if "audio_seconds" in line else []
    return [*heard, f"done {_short(line.get('total_seconds', 0.0))}"]


def _turn(line: Mapping[str, Any]) -> list[str]:
    times = {"words": "transcript_seconds", "first token": "first_token_seconds", "first audio": "first_audio_seconds"}
    said = [f"{name} {_short(line[field])}" for name, field in times.items() if field in line]
    return [*said, f"done {_short(line.get('total_seconds', 0.0))}"]


_SAID: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {"tts": _speech, "stt": _hearing}


def _door(line: Mapping[str, Any]) -> list[str]:
    """`POST /tts 422`, as far as it is known."""
    return [str(line[name]) for name in ("method", "route", "path", "http_status") if line.get(name)]


def _reason(line: Mapping[str, Any]) -> str:
    known = [str(line[name]) for name in ("code", "reason") if line.get(name)]
    return ": ".join(known) or str(line.get("error", "error"))


def _anything(event: str, line: Mapping[str, Any]) -> str:
    """Lines of the server itself and of libraries: the message, then its fields."""
    fields = [f"{name} {value}" for name, value in line.items() if name not in _FRAME and value not in (None, "")]
    said = event.strip().replace("_", " ") if " " not in event.strip() else event.strip()
    return f"{said}: {', '.join(fields)}" if fields else said


def _joined(words: Sequence[str]) -> str:
    return " ".join(word for word in words if word)


def _short(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1.0 else f"{seconds:.1f} s"


def _printable(text: str) -> str:
    """One line, whatever a client has put into a path: nothing in it moves the terminal's cursor."""
    return "".join(character if character.isprintable() else "?" for character in text)
