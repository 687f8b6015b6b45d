"""A book, spoken in the background: python audiobook.py [ADDRESS] book.epub book.m4b [VOICE]"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from server import arguments, key, url

AGAIN_SECONDS = 1.0


def begun(client: httpx.Client, book: Path, voice: str | None) -> str:
    fields = {"voice": voice} if voice else {}
    answer = client.post("/jobs/speech", files={"file": (book.name, book.read_bytes())}, data=fields)
    if answer.is_error:
        sys.exit(f"failed: {answer.json()['detail']}")
    return str(answer.json()["id"])


def followed(client: httpx.Client, job: str) -> None:
    """Reads events behind the last one that came, so that a server that is started again goes on where it was."""
    last = "0"
    while True:
        try:
            with client.stream("GET", f"/jobs/{job}/events", headers={"Last-Event-ID": last}) as events:
                for line in events.iter_lines():
                    name, _, value = line.partition(": ")
                    last = value if name == "id" else last
                    if name == "data" and ended(json.loads(value)):
                        return
        except httpx.TransportError:
            print("the server is away; the job goes on when it is there again")
        time.sleep(AGAIN_SECONDS)


def ended(told: dict[str, Any]) -> bool:
    """True for a job at its end; told is a job, or an item of it that has ended."""
    if "items" not in told:
        return False
    print(f"{told['state']}: {told['items']['done']} of {told['items']['total']} paragraphs")
    if told["state"] in ("failed", "cancelled"):
        sys.exit(f"failed: {(told.get('error') or {}).get('detail') or told['state']}")
    return bool(told["state"] == "done")


def fetched(client: httpx.Client, job: str, target: Path) -> None:
    """One file with chapters and cover; binding a long book takes the server minutes, whoever waits."""
    while True:
        with client.stream("GET", f"/jobs/{job}/book", params={"format": target.suffix[1:]}) as answer:
            if answer.is_success:
                with target.open("wb") as file:
                    for block in answer.iter_bytes():
                        file.write(block)
                return
            refused = json.loads(answer.read())
        if refused["code"] != "not_complete_yet":
            sys.exit(f"failed: {refused['detail']}")
        time.sleep(float(answer.headers.get("Retry-After", AGAIN_SECONDS)))


address, (book, target, *voice) = arguments(__doc__, 2)
headers = {"Authorization": f"Bearer {key()}"} if key() else {}
with httpx.Client(base_url=url(address, "http", ""), headers=headers, timeout=60) as client:
    job = begun(client, Path(book), voice[0] if voice else None)
    print(f"job: {job}")
    followed(client, job)
    fetched(client, job, Path(target))
