"""The page on deployment about a systemd service, held by one that was started without systemd: keys, backups."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.server import Server, running_in
from tests import patient
from tests.images import ROOT
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

PAGE = ROOT / "docs" / "deployment.md"
RUN_HERE = "<!-- run by tests/deploy/test_service_page.py -->"
WITHOUT_SYSTEMD = "systemctl() { :; }\n"
KEYS = 5
"""Made before the backup begins."""


def scripts(heading: str, folder: Path) -> list[str]:
    """The blocks below a heading of the page that tests run, for folders of this machine."""
    part = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    blocks = [block.partition("```")[0] for block in part.split(f"{RUN_HERE}\n```sh\n")[1:]]
    command = f"env PYTHONPATH={ROOT} {sys.executable} -m clients.command.main"
    return [
        WITHOUT_SYSTEMD
        + block.replace("/var/lib/stts", str(folder / "data"))
        .replace("/opt/stts/.venv/bin/stts", command)
        .replace("/opt/stts/.venv/bin/python", sys.executable)
        .replace("/var/backups/stts.tar", str(folder / "stts.tar"))
        for block in blocks
    ]


def shell(script: str, folder: Path) -> str:
    done = patient.run(["sh", "-e"], input=script, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}{done.stdout}{done.stderr}"
    return str(done.stdout)


@contextmanager
def service(folder: Path) -> Iterator[tuple[Server, httpx.Client]]:
    """A server, and its administrator."""
    first = folder / "data" / "first.key"
    settings = {
        "security": {"keys": True, "first_key_file": str(first)},
        "tts": {"order": ["paced"]},
        "stt": {"order": []},
    }
    with running_in(folder, settings) as server:
        deadline = time.monotonic() + PATIENCE
        while not (first.exists() and first.read_text(encoding="utf-8").strip()):
            assert time.monotonic() < deadline, "no key was made"
            time.sleep(0.05)
        headers = {"X-API-Key": first.read_text(encoding="utf-8").strip()}
        with patient.Client(base_url=f"http://127.0.0.1:{server.port}", headers=headers) as client:
            yield server, client


def make_key(client: httpx.Client) -> dict[str, Any]:
    made = client.post("/admin/keys", json={"name": "laptop", "role": "write"})
    assert made.status_code == 201, made.text
    key: dict[str, Any] = json.loads(made.text)
    return key


def test_a_backup_that_was_made_in_the_middle_of_work_is_whole(tmp_path: Path) -> None:
    backup, restore = scripts("Backups of a service", tmp_path)
    with service(tmp_path) as (_, client):
        keys = [make_key(client) for _ in range(KEYS)]
        stopping = threading.Event()
        working = threading.Thread(target=lambda: [make_key(client) for _ in iter(stopping.is_set, True)])
        working.start()
        try:
            shell(backup, tmp_path)
        finally:
            stopping.set()
            working.join(PATIENCE)
        lost = make_key(client)
    for each in (tmp_path / "data").glob("stts.db*"):
        each.write_bytes(b"what a broken disk has left")
    shell(restore, tmp_path)
    with service(tmp_path) as (server, client):
        for key in keys:
            mine = patient.get(f"http://127.0.0.1:{server.port}/me", headers={"X-API-Key": key["key"]})
            assert mine.status_code == 200
        assert client.get(f"/admin/keys/{lost['id']}").status_code == 404
    assert (tmp_path / "data" / "stts.db").stat().st_mode & 0o777 == 0o600


def test_a_key_that_root_makes_opens_the_service(tmp_path: Path) -> None:
    (script,) = scripts("A systemd service", tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with service(tmp_path) as (server, _):
        key = shell(script, elsewhere).split()[0]
        assert patient.get(f"http://127.0.0.1:{server.port}/me", headers={"X-API-Key": key}).status_code == 200
    assert not list(elsewhere.iterdir())


def test_the_first_start_tells_of_its_database_in_one_line(tmp_path: Path) -> None:
    with service(tmp_path) as (server, _):
        lines = server.log.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "alembic" in line] == []
    assert len([line for line in lines if "database made" in line]) == 1
