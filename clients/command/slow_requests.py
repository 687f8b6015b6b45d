"""Requests of late that were slow, as `stts doctor` tells them: why, and what to do about it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

ASKED = "/analytics/operations?background=false&limit=200"
"""Work in the background is no slow server: nobody waits for it."""
MOST_TOLD = 5
NOT_SLOW = ("quick", "left", "failed")

Row = Mapping[str, Any]


class SlowRequest(NamedTuple):
    """The slowest of those that one engine was slow with for one cause."""

    request_id: str
    words: str
    mend: str


class Sentence(NamedTuple):
    why: str
    mend: str


FASTER = "A faster engine first in {order}, a graphics card, or less beside it on this machine."
CAUSES: Mapping[str, Sentence] = {
    "received": Sentence("the request took {seconds} to come in", "The client's network, or a proxy, is slow."),
    "load": Sentence(
        "{engine} was not loaded yet, which took {seconds}", "engines.preload: [{engine}] keeps it loaded"
    ),
    "queue": Sentence(
        "{engine} was busy with others for {seconds}",
        "More processes (engines.options), another engine in {order}, or limits for busy keys.",
    ),
    "engine": Sentence("{engine} worked for {seconds}, hardly faster than one speaks", FASTER),
    "first": Sentence("{engine} took {seconds} to begin, though it keeps up", f"Shorter first sentences. {FASTER}"),
    "length": Sentence(
        "all of it was waited for ({audio} of sound): {engine} worked for {seconds}, faster than one speaks",
        "Stream the answer, or make it a job: stts jobs speak FILE",
    ),
    "encode": Sentence("effects and encoding took {seconds}", "Fewer effects, or less beside it on this machine."),
    "held": Sentence("it was ready, and its client read it {seconds} late", "The client, or its network, is slow."),
    "shared": Sentence("the same was being made for another, for {seconds}", "Nothing: once it is kept it is there."),
    "reply": Sentence("the language model took {seconds}", "A faster or smaller one: reply in config.yaml."),
    "other": Sentence("{seconds} went by in no part that is measured", "The log has lines with its request_id."),
}
"""By `cause`, as `stts/analytics/cause.py` tells it."""
SMALLER = "A smaller model (stts models list), a faster engine first in {order}, or a graphics card."
OF_LISTENING: Mapping[str, str] = {
    "engine": f"{SMALLER} Or less beside it on this machine.",
    "first": SMALLER,
    "length": f"{SMALLER} What nobody waits for is a job: POST /jobs/transcription, or the page Jobs.",
}
"""Advice that is another one where an engine listens than where one speaks."""


def slow_requests(rows: Sequence[Row]) -> Iterator[SlowRequest]:
    """One for each engine and cause, the slowest first. `rows`: of `GET /analytics/operations`, in that order."""
    slow = [row for row in rows if row["cause"] not in NOT_SLOW]
    kinds = Counter(map(_kind, slow))
    told: set[tuple[str, str | None]] = set()
    for row in slow:
        if _kind(row) in told or len(told) == MOST_TOLD:
            continue
        told.add(_kind(row))
        yield _told(row, kinds[_kind(row)])


def _kind(row: Row) -> tuple[str, str | None]:
    return row["cause"], row["engine"]


def _told(row: Row, count: int) -> SlowRequest:
    is_talk = row["type"] == "conversation" and row["cause"] != "reply"
    sentence = CAUSES.get(row["cause"], CAUSES["other"])
    values = {
        "engine": "one of its engines" if is_talk else row["engine"] or "an engine",
        "order": f"{'tts' if row['type'] == 'conversation' else row['type']}.order",
        "seconds": f"{row['cause_seconds']:.1f} s",
        "audio": f"{row['audio_seconds']:.0f} s",
    }
    at = time.strftime("%H:%M:%S", time.localtime(row["ended"]))
    more = f" ({count - 1} more like it)" if count > 1 else ""
    words = f"{row['waited']:.1f} s at {at}: {sentence.why.format(**values)}{more}; request {row['request_id']}"
    mend = OF_LISTENING.get(row["cause"], sentence.mend) if row["type"] == "stt" else sentence.mend
    return SlowRequest(row["request_id"], words, mend.format(**values))
