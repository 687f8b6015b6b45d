"""deploy/home-assistant: the add-on by the rules of its Supervisor, and its start, really run: a server that Home
Assistant is told of, and the client library of Home Assistant that finds, speaks and listens there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field
from wyoming.audio import AudioChunk
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize

from adapters.configuration.adapter import ConfigAdapter
from middleware.edge.hosts import Hosts
from stts import __version__
from stts.settings import Settings
from tests.nginx import ROOT
from tests.patience import PATIENCE
from tests.routers.wyoming.conftest import Client, free_port

pytestmark = pytest.mark.socket

ADDON = ROOT / "deploy" / "home-assistant" / "stts"
OPTION = r"(str|password|int|float|bool|port|match\(.*\)|list\(.+\))\??"
"""Kinds of options that the Supervisor knows, as far as they are in use here."""


class Manifest(BaseModel):
    """The fields of `config.yaml` that are in use here, by the rules of the Supervisor (its addons/validate.py)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    version: str
    slug: str = Field(pattern=r"^[-_.A-Za-z0-9]+$")
    description: str
    arch: list[Literal["aarch64", "amd64"]]
    startup: Literal["initialize", "system", "services", "application", "once"]
    boot: Literal["auto", "manual", "manual_only"]
    init: bool
    discovery: list[str]
    hassio_api: bool
    ports: dict[str, int | None]
    ports_description: dict[str, str]
    webui: str = Field(pattern=r"^(?:https?|\[PROTO:\w+\]):\/\/\[HOST\]:\[PORT:\d+\].*$")
    watchdog: str = Field(pattern=r"^(?:https?|\[PROTO:\w+\]|tcp):\/\/\[HOST\]:(\[PORT:\d+\]|\d+).*$")
    tmpfs: bool
    timeout: int = Field(ge=10, le=300)
    backup: Literal["hot", "cold"]
    backup_exclude: list[str]
    options: dict[str, Any]
    schema_: dict[str, str | list[str]] = Field(alias="schema")


def read(name: str) -> Any:
    return yaml.safe_load((ADDON / name).read_text(encoding="utf-8"))


def start() -> dict[str, Any]:
    """The names of the program."""
    return runpy.run_path(str(ADDON / "run.py"), run_name="run")


def test_the_manifest() -> None:
    manifest = Manifest.model_validate(read("config.yaml"))
    assert manifest.version == __version__
    assert set(manifest.options) <= set(manifest.schema_)
    kinds = [each for kind in manifest.schema_.values() for each in (kind if isinstance(kind, list) else [kind])]
    assert [kind for kind in kinds if not re.fullmatch(OPTION, kind)] == []
    assert all(re.fullmatch(r"\d+/tcp", port) for port in manifest.ports)
    assert manifest.timeout > float(start()["FIXED"]["STTS_SERVER__DRAIN_SECONDS"])


def test_the_image_that_it_is_built_from() -> None:
    image = r"([a-zA-Z\-\.:\d{}]+/)*?([\-\w{}]+)/([\-\w{}]+)(:[\.\-\w{}]+)?"
    images = read("build.yaml")["build_from"]
    assert set(images) == set(read("config.yaml")["arch"])
    assert all(re.fullmatch(image, each) and each.endswith(f":{__version__}") for each in images.values())
    assert f"ARG BUILD_FROM={images['amd64']}" in (ADDON / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_option_is_named_in_each_language(language: str) -> None:
    manifest, texts = read("config.yaml"), read(f"translations/{language}.yaml")
    assert set(texts["configuration"]) == set(manifest["schema"])
    assert set(texts["network"]) == set(manifest["ports"])
    assert all(each["name"] and each["description"] for each in texts["configuration"].values())


def test_the_icon_has_the_size_that_is_shown() -> None:
    head = (ADDON / "icon.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG") and (head[16:20], head[20:24]) == (b"\0\0\0\x80", b"\0\0\0\x80")


def test_options_are_settings_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {
        "voice": "en-gb",
        "speaking_engine": "espeak",
        "listening_engine": "pocketsphinx",
        "models": ["whisper-base", "whisper-tiny"],
        "api_key": "change-me",
        "log_level": "debug",
        "settings": ["limits.queue_length=10", "security.allowed_hosts=speech.test"],
    }
    assert set(options) == set(read("config.yaml")["schema"])
    for name, value in start()["settings_of"](options).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    settings: Settings = ConfigAdapter.load(None).current()
    assert settings.tts.order == ("espeak",) and settings.tts.voices == {"espeak": "en-gb"}
    assert settings.stt.order == ("pocketsphinx",) and settings.models.wanted == ("whisper-base", "whisper-tiny")
    assert settings.security.api_key is not None and settings.security.allowed_hosts == ("speech.test",)
    assert settings.logging.level == "debug" and settings.limits.queue_length == 10
    assert settings.wyoming.enabled and settings.wyoming.allowed_addresses == ("172.30.32.0/23",)


def test_its_pages_open_by_the_names_that_home_assistant_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The Supervisor puts the host of its own page before the port."""
    for name, value in start()["settings_of"]({}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    settings: Settings = ConfigAdapter.load(None).current()
    hosts = Hosts(settings.server.host, settings.security.allowed_hosts)
    assert all(hosts.allow(f"{name}:8000") for name in ("homeassistant.local", "homeassistant", "192.168.1.20"))
    assert not hosts.allow("rebound.example.org:8000")


def test_a_backup_has_a_whole_database() -> None:
    """The Supervisor copies files; a database that is written to meanwhile is whole in none of them."""
    assert read("config.yaml")["backup"] == "cold"


@contextmanager
def supervisor() -> Iterator[tuple[str, SimpleQueue[dict[str, Any]]]]:
    """An address that takes what add-ons tell of themselves, and what came."""
    told: SimpleQueue[dict[str, Any]] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.put({"path": self.path, "token": self.headers["Authorization"], **body})
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Tests need no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", told
        finally:
            server.shutdown()
            thread.join()


async def found(port: int) -> tuple[Info, list[Event]]:
    """Engines and voices, as Home Assistant asks for them, and a sentence."""
    async with Client(port) as client:
        await client.write_event(Describe().event())
        info = Info.from_event((await client.until("info"))[-1])
        await client.write_event(Synthesize("Hello there.").event())
        return info, await client.until("audio-stop")


def test_home_assistant_finds_it_and_speaks_by_it(tmp_path: Path) -> None:
    port = free_port()
    inside = ["server.host=127.0.0.1", f"server.port={free_port()}", "wyoming.host=127.0.0.1", f"wyoming.port={port}"]
    options = {"speaking_engine": "espeak", "listening_engine": "pocketsphinx", "models": [], "settings": inside}
    (tmp_path / "options.json").write_text(json.dumps(options), encoding="utf-8")
    with supervisor() as (address, told):
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STTS_")},
            "STTS_STORAGE__ROOT": str(tmp_path),
            "ADDON_PROGRAM": str(ROOT / "server_v2.py"),
            "ADDON_SUPERVISOR": address,
            "SUPERVISOR_TOKEN": "token",
        }
        with subprocess.Popen([sys.executable, str(ADDON / "run.py")], env=environment, cwd=tmp_path) as process:
            try:
                message = told.get(timeout=PATIENCE)
                info, events = asyncio.run(found(port))
            finally:
                process.terminate()
                assert process.wait(PATIENCE) == 0
    assert message["path"] == "/discovery" and message["token"] == "Bearer token"
    assert message["service"] == "wyoming" and message["config"]["uri"].endswith(f":{port}")
    assert info.tts[0].name == "espeak" and info.asr[0].name == "pocketsphinx"
    assert sum(len(AudioChunk.from_event(each).audio) for each in events if each.type == "audio-chunk") > 10_000
