"""Checks of what speaks, listens and converses, and of the page for it."""

from __future__ import annotations

import base64
import re
from urllib.parse import urljoin

from clients.checks.answers import events_of, length_of, object_of, sound_of, words_of
from clients.checks.visit import Failed, Visit

TEXT = "Good morning. This is a short test."


FORMATS = ("wav", "mp3", "opus", "aac", "flac", "pcm")


def speak(visit: Visit) -> str:
    """Every format, decoded; the first is kept for the others to hear."""
    words = []
    for format in FORMATS:
        answer = visit.post("/tts", {"text": TEXT, "format": format})
        words.append(f"{format} {sound_of(answer, format)}")
        visit.speech = visit.speech or answer.body
    return ", ".join(words)


def speak_by_query(visit: Visit) -> str:
    return sound_of(visit.get("/tts?text=Good+morning&stream=false&format=mp3"), "mp3")


def transcribe(visit: Visit) -> str:
    words = []
    for format in ("json", "text", "srt", "vtt", "verbose_json"):
        body = visit.send("/stt", format=format)
        words.append(f"{format} {len(body.body)} bytes" if format != "json" else words_of(body))
    events = events_of(visit.send("/stt", stream="true"))
    if events[-1].get("type") != "done":
        raise Failed(f"events end with {events[-1].get('type')}")
    return f"{', '.join(words)}, {len(events)} events"


def converse(visit: Visit) -> str:
    """By text and by voice, once in each shape."""
    events = events_of(visit.post("/conversation", {"text": TEXT, "reply": "echo"}))
    if events[-1].get("type") != "done" or events[-1]["reply"] != TEXT:
        raise Failed(f"events end with {events[-1].get('type')}")
    data = b"".join(base64.b64decode(each["audio"]) for each in events if each["type"] == "audio.delta")
    session = events[-1]["session"]
    whole = object_of(visit.post("/conversation", {"text": TEXT, "stream": False, "session": session}))
    heard = object_of(visit.send("/conversation", stream="false", reply="echo"))["transcript"]
    return f"events {length_of(data)}, whole {length_of(base64.b64decode(whole['audio']))}, {len(heard.split())} words"


def front_page(visit: Visit) -> str:
    """The page that `/` opens, and every file that it names."""
    return _page(visit, "/app/home", "home")


def talk_page(visit: Visit) -> str:
    """The page to talk on, by the address at which it was before there were others."""
    led = visit.get("/talk", refusals=(307,))
    return _page(visit, urljoin("/talk", led.headers.get("location", "")), "talk")


def _page(visit: Visit, path: str, name: str) -> str:
    text = visit.get(path).body.decode()
    files = re.findall(r'(?:src|href)="\.\./(assets/[^"]+)"', text)
    if not any(file.endswith(f"/{name}.js") for file in files):
        raise Failed(f"no script of the page {name}")
    return f"{len(files)} files, {sum(len(visit.get(f'/{file}').body) for file in files)} bytes"
