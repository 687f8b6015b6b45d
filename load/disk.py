"""The disk fills up under load and has room again: speech goes on, what must be kept is refused, all comes back.

Database, files, configuration and temporary files lie on a small disk, which is made by `mount` and needs root.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.client import Connection, form
from benchmarks.result import Row
from benchmarks.server import ROOT, Server, running
from load.desk import SETTINGS, Desk, Missing, audit_fault, first_key
from load.ledger import Ledger
from load.traffic import TEXT, Speaker, traffic

CALLERS = 3
AROUND_SECONDS = 2.0
LEAST_MIB = 16
BLOCK = bytes(4096)
UPLOAD = (ROOT / "benchmarks" / "data" / "river.flac").read_bytes()
ACTIONS = ("saved speech", "an upload", "a change of the configuration")
KEPT = 4
"""Files in the end: speech and an upload, before and after."""


@dataclass(slots=True)
class Filled:
    ledger: Ledger = field(default_factory=Ledger)
    """Of speech that is not kept, all the time."""
    before: dict[str, int] = field(default_factory=dict)
    full: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    """Statuses of what must be kept, by action."""
    key_status: int = 0
    """Of a new key on the full disk."""
    told: str = ""
    """What /ready said of the database when a key was refused."""
    back_seconds: float = 0.0
    usage_operations: float = 0.0
    listed: int = 0
    """Files in the end."""
    incomplete: list[str] = field(default_factory=list)
    """Names of temporary files in the end."""
    audit: str = ""


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A file system of its own, as large as that. Raises Missing."""
    folder = tempfile.mkdtemp(prefix="load-disk-")
    try:
        options = f"size={mebibytes}m,mode=0700"
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
        )
        if made.returncode != 0:
            raise Missing(f"no disk can be made here: {made.stderr.decode().strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
    finally:
        os.rmdir(folder)


def run(mebibytes: float) -> list[Row]:
    with small_disk(max(LEAST_MIB, int(mebibytes))) as disk:
        (disk / "tmp").mkdir()
        settings = {**SETTINGS, "storage": {"root": str(disk / "data")}}
        with running(settings, variables={"TMPDIR": str(disk / "tmp")}) as server:
            desk = Desk(server.port, first_key(server))
            filled = asyncio.run(_filled(server, desk, disk))
            filled.audit = audit_fault(server)
        return judge(filled)


async def _filled(server: Server, desk: Desk, disk: Path) -> Filled:
    filled = Filled()
    key = await desk.new_key()
    callers = [Speaker(server.port, key.text, stream=bool(at % 2)) for at in range(CALLERS)]
    async with traffic(callers, filled.ledger):
        await filled.ledger.came.wait()
        filled.before = await _kept(desk)
        await asyncio.to_thread(fill, disk)
        filled.full = await _kept(desk)
        filled.key_status = await _new_key_status(desk)
        filled.told = await desk.state("database")
        await asyncio.sleep(AROUND_SECONDS)
        (disk / "ballast").unlink()
        filled.back_seconds = await desk.until("database", "up")
        filled.after = await _kept(desk)
        await asyncio.sleep(AROUND_SECONDS)
    usage = await desk.settled_usage([key], len(filled.ledger.answers))
    filled.usage_operations = usage["operations"]
    filled.listed = (await desk.ask("GET", "/files"))["total"]
    filled.incomplete = sorted(each.name for each in (disk / "data").rglob("*") if is_temporary(each))
    return filled


def fill(disk: Path) -> None:
    """Writes until not one block more finds room."""
    free = shutil.disk_usage(disk).free
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            file.write(bytes(free))
            while True:
                file.write(BLOCK)
        except OSError:
            return


def is_temporary(path: Path) -> bool:
    return path.is_file() and (path.parent.name == ".temporary" or path.suffix == ".tmp")


async def _kept(desk: Desk) -> dict[str, int]:
    """Statuses of actions that keep something on the disk."""
    body, content_type = form(UPLOAD, kind="uploads")
    speech = json.dumps({"text": TEXT, "stream": False, "save": True}).encode()
    change = json.dumps({"limits": {"queue_length": 65}}).encode()
    asked = (
        ("POST", "/tts", speech, "application/json"),
        ("POST", "/files", body, content_type),
        ("PATCH", "/config", change, "application/json"),
    )
    return {action: await _status(desk, *each) for action, each in zip(ACTIONS, asked, strict=True)}


async def _new_key_status(desk: Desk) -> int:
    body = json.dumps({"name": "load", "role": "read"}).encode()
    return await _status(desk, "POST", "/admin/keys", body, "application/json")


async def _status(desk: Desk, method: str, path: str, body: bytes, content_type: str) -> int:
    async with Connection(desk.port, desk.key) as connection:
        async for _ in connection.request(method, path, body, content_type, refused_is_answer=True):
            pass
        return connection.status


def judge(filled: Filled) -> list[Row]:
    ledger = filled.ledger
    operations = len(ledger.answers)
    left = f"{filled.listed}; {', '.join(filled.incomplete) or 'none'}"
    # What a write needs may lie ready on the disk; where it does not, /ready says so.
    change_is_right = filled.key_status == 201 or (filled.key_status, filled.told) == (503, "away")
    return [
        Row(
            "failed requests for speech while the disk filled up, was full, and had room again",
            "0",
            f"{ledger.told()} of {operations + ledger.failed_calls}",
            ledger.failed_calls == 0 and operations > 0,
        ),
        _statuses("before", filled.before, (200, 201, 200)),
        _statuses("on the full disk", filled.full, (507, 507, 507)),
        _statuses("with room again", filled.after, (200, 201, 200)),
        Row(
            "a new key on the full disk; the database, by /ready",
            "201, or 503; away",
            f"{filled.key_status}; {filled.told}",
            change_is_right,
        ),
        Row("seconds until the database was up again", "", f"{filled.back_seconds:.1f} s"),
        Row(
            "operations in usage, of those answered",
            str(operations),
            f"{filled.usage_operations:.0f}",
            filled.usage_operations == operations,
        ),
        Row("files in the end; incomplete ones", f"{KEPT}; none", left, left == f"{KEPT}; none"),
        Row("the audit trail", "verifies", filled.audit or "verifies", not filled.audit),
    ]


def _statuses(when: str, statuses: Mapping[str, int], right: tuple[int, ...]) -> Row:
    found = tuple(statuses.get(action, 0) for action in ACTIONS)
    shown = "{}, {}, {}".format
    return Row(f"{', '.join(ACTIONS)}: {when}", shown(*right), shown(*found), found == right)
