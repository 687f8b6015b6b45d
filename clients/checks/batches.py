"""Checks of jobs of many items: one is begun, followed, and removed with what it made."""

from __future__ import annotations

import time

from clients.caller import CONFLICT, seconds_to_wait
from clients.checks.answers import events_of, object_of
from clients.checks.visit import Failed, Visit

TEXTS = ["The birch canoe slid on the smooth planks.", "Glue the sheet to the dark blue background."]


def begin(visit: Visit) -> str:
    job = object_of(visit.post("/jobs/speech", {"items": TEXTS, "format": "mp3", "name": "smoke"}))
    visit.batch = str(job["id"])
    last = events_of(visit.get(f"/jobs/{visit.batch}/events"))[-1]
    if last["state"] != "done":
        raise Failed(f"the job was {last['state']}")
    return f"{last['items']['done']} texts, {last['audio_seconds']} s"


def items(visit: Visit) -> str:
    found = object_of(visit.get(f"/jobs/{_batch(visit)}/items"))["items"]
    return f"{len(found)} items"


def content(visit: Visit) -> str:
    return f"{len(visit.get(f'/jobs/{_batch(visit)}/items/1/content').body)} bytes"


def archive(visit: Visit) -> str:
    return f"{len(visit.get(f'/jobs/{_batch(visit)}/archive').body)} bytes"


def book(visit: Visit) -> str:
    """Binding it may take longer than an answer."""
    while True:
        answer = visit.get(f"/jobs/{_batch(visit)}/book?format=mp3", refusals=(CONFLICT,))
        if (seconds := seconds_to_wait(answer)) is None:
            break
        time.sleep(seconds)
    if not answer.ok:
        raise Failed(answer.complaint())
    return f"{len(answer.body)} bytes"


def captions(visit: Visit) -> str:
    """Its texts were not kept, which is told."""
    return f"status {visit.get(f'/jobs/{_batch(visit)}/captions', refusals=(409,)).status}"


def transcription(visit: Visit) -> str:
    job = object_of(visit.send("/jobs/transcription"))
    last = events_of(visit.get(f"/jobs/{job['id']}/events"))[-1]
    visit.delete(f"/jobs/{job['id']}?remove=true")
    return str(last["state"])


def synchronous(visit: Visit) -> str:
    items = [{"model": visit.model, "input": text} for text in TEXTS]
    data = object_of(visit.post("/v1/audio/speech/batch", {"items": items}))["data"]
    if any("audio" not in each for each in data):
        raise Failed("an item has no audio")
    return f"{len(data)} texts"


def resume(visit: Visit) -> str:
    """One that has ended cannot go on; that is told."""
    return f"status {visit.post(f'/jobs/{_batch(visit)}/resume', {}, refusals=(409,)).status}"


def pause(visit: Visit) -> str:
    return f"status {visit.post(f'/jobs/{_batch(visit)}/pause', {}, refusals=(409,)).status}"


def retry(visit: Visit) -> str:
    """Nothing of it has failed, so it ends as it was; then it is removed."""
    visit.post(f"/jobs/{_batch(visit)}/retry", {})
    state = events_of(visit.get(f"/jobs/{visit.batch}/events"))[-1]["state"]
    visit.delete(f"/jobs/{visit.batch}?remove=true")
    return str(state)


def _batch(visit: Visit) -> str:
    if not visit.batch:
        raise Failed("not tried: no job was begun")
    return visit.batch
