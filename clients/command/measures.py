"""Measurements of a server as its clients meet it: few and short, since somebody waits for them."""

from __future__ import annotations

import array
import http.client
import io
import json
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from clients.caller import Answer, Caller, multipart
from clients.command.connection import require
from clients.command.exit_status import UNREACHED, CommandFailed
from clients.command.output import broken_off

SENTENCES = (
    "The ferry leaves the harbour at a quarter past nine.",
    "Nobody had told the baker that the bridge was closed.",
    "She counted eleven lamps along the empty quay.",
    "Rain is likely in the hills, and later on the coast.",
    "Please keep your ticket until the end of the journey.",
    "The second door on the left opens into the garden.",
    "His letter took four weeks to cross the mountains.",
    "A small brown dog slept under the kitchen table.",
    "We will need two more chairs and a longer rope.",
    "By evening the whole street smelled of fresh bread.",
)
"""About three seconds of speech each; the benchmarks speak them, too."""
HEAD_BYTES = 44
RATE = 24_000
SECOND_BYTES = 2 * RATE
AUDIBLE = 104
"""Sample from which on something is heard: -50 dB of full scale."""
ROUND_TRIPS = 50
FIRST_SOUNDS = 5
LISTENERS = 16
LATE_SECONDS = 0.02
"""Gap that nobody hears."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One streamed answer. Times are seconds from its request."""

    engine: str
    first_sound: float
    """When the first audible sample came."""
    whole: float
    seconds: float
    """Length of the speech."""
    worst_gap: float
    """Longest time for which a player that began at the first sound had nothing."""
    audio: bytes


class Measures:
    """Asks the server that a caller reaches, by connections of its own. Each method raises CommandFailed."""

    def __init__(self, caller: Caller, engine: str | None) -> None:
        self._headers = {**caller.headers, "Content-Type": "application/json", "Cache-Control": "no-store"}
        self._address = urlsplit(caller.url)
        self._engine = engine

    def round_trip(self) -> float:
        """Seconds of the cheapest question on a connection that is open: the median."""
        times = []
        with self._connection() as connection:
            for _ in range(ROUND_TRIPS):
                started = time.perf_counter()
                connection.request("GET", f"{self._address.path}/health", headers=self._headers)
                connection.getresponse().read()
                times.append(time.perf_counter() - started)
        return median(times)

    def first_sound(self) -> tuple[str, float]:
        """The engine, and seconds until ten sentences are heard: the median. A request before them loads it."""
        self.speak(0)
        spoken = [self.speak(number) for number in range(FIRST_SOUNDS)]
        return spoken[0].engine, median(each.first_sound for each in spoken)

    def listeners(self) -> tuple[float, float]:
        """Share of streams without a gap where so many begin at once, and the median of their first sounds."""
        with ThreadPoolExecutor(LISTENERS) as pool:
            spoken = list(pool.map(self.speak, range(LISTENERS)))
        steady = sum(each.worst_gap <= LATE_SECONDS for each in spoken)
        return steady / LISTENERS, median(each.first_sound for each in spoken)

    def transcript(self, spoken: Spoken) -> tuple[str, float]:
        """The engine that listens, and its seconds of work for a second of this speech: the better of two."""
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 2, RATE, 0, "NONE", ""))
            sound.writeframes(spoken.audio)
        body, content_type = multipart(file.getvalue(), "bench.wav", {"format": "json"})
        times = []
        for _ in range(2):
            with self._connection() as connection:
                started = time.perf_counter()
                headers = {**self._headers, "Content-Type": content_type}
                connection.request("POST", f"{self._address.path}/stt", body, headers)
                response = self._accepted(connection)
                response.read()
                times.append(time.perf_counter() - started)
        return response.headers.get("x-engine") or "", min(times) / spoken.seconds

    def speak(self, first: int) -> Spoken:
        """Ten sentences, from another one on for each number, so that listeners do not all pause together."""
        text = " ".join(SENTENCES[(first + number) % len(SENTENCES)] for number in range(len(SENTENCES)))
        wish = {"text": text, "stream": True, "format": "pcm", "sample_rate": RATE, "engine": self._engine or "auto"}
        with self._connection() as connection:
            started = time.perf_counter()
            connection.request("POST", f"{self._address.path}/tts", json.dumps(wish), self._headers)
            response = self._accepted(connection)
            arrivals = [(time.perf_counter() - started, block) for block in _blocks(response)]
        return _spoken(response.headers.get("x-engine") or "", arrivals)

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        kind = http.client.HTTPSConnection if self._address.scheme == "https" else http.client.HTTPConnection
        with closing(kind(self._address.netloc, timeout=120)) as connection:
            try:
                yield connection
            except (OSError, http.client.HTTPException) as error:
                raise broken_off(getattr(error, "strerror", None) or "") from error

    def _accepted(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        response = connection.getresponse()
        if response.status != http.HTTPStatus.OK:
            require(Answer(response.status, {}, response.read(), 0.0))
        return response


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while block := response.read1(1 << 16):
        yield block


def _spoken(engine: str, arrivals: list[tuple[float, bytes]]) -> Spoken:
    """Reckons what a player had that began at the first sound and played on in real time."""
    first: float | None = None
    worst, due, audio = 0.0, 0.0, b""
    for at, block in arrivals:
        if first is None and _is_audible(block):
            first = at
            # All that came before it is played as well, from then on.
            due = at + len(audio) / SECOND_BYTES
        if first is not None:
            worst = max(worst, at - due)
            due = max(due, at) + len(block) / SECOND_BYTES
        audio += block
    if first is None:
        raise CommandFailed("The server sent no sound.", UNREACHED)
    return Spoken(engine, first, arrivals[-1][0], len(audio) / SECOND_BYTES, worst, audio)


def _is_audible(block: bytes) -> bool:
    samples = array.array("h", block[: len(block) // 2 * 2])
    return bool(samples) and max(max(samples), -min(samples)) >= AUDIBLE
