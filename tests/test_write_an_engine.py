"""The engine in docs/write-an-engine.md is installed as its reader would, and spoken through."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests import patient

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parent.parent

SPEAK = """
import asyncio, io, sys
import av, httpx
from routers.app import create_app
from stts.settings import Settings, StorageSettings

async def main():
    app = create_app(Settings(storage=StorageSettings(root=sys.argv[1])))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        engine = (await client.get("/engines/sine")).json()
        assert engine["state"] == "cold" and engine["voices"] == 2, engine
        answer = await client.post("/tts", json={"text": "Hello", "engine": "sine", "vibrato": 0.5, "stream": False})
        assert answer.status_code == 200, answer.text
        with av.open(io.BytesIO(answer.content)) as container:
            samples = sum(frame.samples for frame in container.decode(audio=0))
        refused = await client.post("/tts", json={"text": "Hello", "engine": "sine", "vibrato": 5})
        print(samples / 16000, answer.headers["x-voice"], refused.status_code, refused.json()["param"])

asyncio.run(main())
"""


def write_package(folder: Path) -> None:
    text = (ROOT / "docs" / "write-an-engine.md").read_text(encoding="utf-8")
    for name, code in re.findall(r"`([\w.]+)`:\n\n(?:<!--[^\n]*-->\n)?```\w+\n(.*?)```", text, re.DOTALL):
        (folder / name).write_text(code, encoding="utf-8")


def test_it_can_be_installed_and_speaks(tmp_path: Path) -> None:
    package, site = tmp_path / "package", tmp_path / "site"
    package.mkdir()
    write_package(package)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    patient.run([*pip, "--target", str(site), str(package)], check=True)
    spoken = patient.run(
        [sys.executable, "-c", SPEAK, str(tmp_path / "data")],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{site}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert spoken.returncode == 0, spoken.stderr
    seconds, voice, status, param = spoken.stdout.splitlines()[-1].split()
    assert 0.2 <= float(seconds) <= 0.6
    assert (voice, status, param) == ("alto", "422", "vibrato")
