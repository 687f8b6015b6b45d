"""Failures of the speech server as sentences for people, in their language: both bots tell them alike."""

from __future__ import annotations

from pathlib import Path

from clients.chat.failures import ServerFailed
from clients.chat.texts import Texts

FOLDER = Path(__file__).parent / "texts"
sentence = Texts(FOLDER).sentence

OWN = ("undecodable_audio", "audio_too_long", "payload_too_large", "invalid_text", "text_too_long")
"""Codes of what people do wrong most often: the server's sentence about them is English."""
MINUTE, HOUR = 60, 3600
LONG = 2
"""So many minutes or hours are told as such."""


def failure_sentence(language: str, failure: ServerFailed, *, details: bool = False) -> str:
    """Says what went wrong, and what to do next. `details`: with the server's own words, for who runs the bot."""
    key = _key(failure)
    if failure.wait and key in ("failed_busy", "failed_often", "failed_quota"):
        told = sentence(language, f"{key}_wait", wait=span(language, failure.wait))
    else:
        told = sentence(language, key, detail=failure.detail or failure.cause)
    if details and failure.detail and key != "failed_refused":
        return sentence(language, "server_says", told=told, detail=failure.detail)
    return told


def span(language: str, seconds: float) -> str:
    """A time to wait, in the unit that a person would use; rounded up, so that it is over then."""
    for unit, name in ((HOUR, "span_hours"), (MINUTE, "span_minutes")):
        if seconds >= LONG * unit:
            return sentence(language, name, count=-int(-seconds // unit))
    return sentence(language, "span_seconds", count=-int(-seconds // 1))


def nothing_to_speak(language: str) -> str:
    """Says that a text has no words."""
    return sentence(language, "failed_invalid_text")


def _key(failure: ServerFailed) -> str:
    if failure.code in OWN:
        return f"failed_{failure.code}"
    # A limit of requests is the person's or the bot's: the server has room for others.
    if failure.code == "too_many_requests":
        return "failed_often"
    return f"failed_{failure.cause}"
