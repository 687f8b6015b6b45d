"""The image of the bots is built, and its bot runs beside the server's as compose has them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.clients.telegram.bot_api_server import BotAPI, bot_api
from tests.clients.telegram.people import Recording, Sight
from tests.deploy.conftest import DOCKERFILES
from tests.deploy.test_compose import SECRETS, resolved
from tests.deploy.test_image import first_key, free_port, size, wait_until_ready
from tests.images import USER, Contained, Image, Images, call, running
from tests.patience import PATIENCE

pytestmark = [pytest.mark.images, pytest.mark.timeout(1800)]

KINDS: tuple[Sight, ...] = ("voice", "text", "action")
MOST_BYTES = 200_000_000
ENGINES = ("numpy", "onnxruntime", "ctranslate2", "hibari", "fastapi", "sqlalchemy")
"""Packages that a server needs and no bot does."""


@pytest.fixture(scope="module")
def bots(images: Images) -> Iterator[Image]:
    images.build(DOCKERFILES / "Dockerfile.bots", "stts-bots")
    with images.mounted("stts-bots") as folder:
        yield Image(folder, images.config("stts-bots"), images)


def test_it_says_how_it_is_run(bots: Image) -> None:
    config = bots.config
    assert config["User"] == f"{USER}:{USER}"
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["Volumes"]) == ["/data"]
    assert not config.get("ExposedPorts")
    assert config["Cmd"] == ["stts", "bot"]
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Labels"]["org.opencontainers.image.title"] == "STTS bots"


def test_it_is_small_and_holds_no_server(bots: Image, record_property: Callable[[str, object], None]) -> None:
    ours = size(bots.folder / "opt/stts")
    assert ours < MOST_BYTES
    assert [name for name in ENGINES if (bots.packages / name).exists()] == []
    assert not (bots.folder / "build").exists() and not (bots.packages / "pip").exists()
    app = {each.name for each in (bots.folder / "opt/stts/app").iterdir()}
    assert app == {"LICENSE", "clients", "deploy", "requirements", "stts"}
    assert [each for each in (bots.folder / "opt/stts").rglob("*") if each.lstat().st_uid == USER] == []
    record_property("megabytes", ours / 1e6)


def test_without_a_token_it_says_what_is_missing(bots: Image, data: Path) -> None:
    told = call(bots.folder, data, bots.config, bots.config["Cmd"])
    assert told.returncode == 2 and "BOT_TOKEN_FILE" in told.stderr
    unread = call(bots.folder, data, bots.config, bots.config["Cmd"], BOT_TOKEN_FILE="/run/secrets/telegram_token")
    assert unread.returncode == 2 and "cannot be read" in unread.stderr


async def test_it_speaks_by_the_server_beside_it_and_finishes_what_it_took(
    image: Image, bots: Image, data: Path, tmp_path: Path
) -> None:
    """With the variables that compose gives it: a key that may name subjects, and secrets in files."""
    async with served(image, tmp_path) as (url, key), bot_api() as people, asyncio.timeout(PATIENCE):
        environ = {**resolved(tmp_path, "compose.yaml", "telegram.yaml")["services"]["telegram"]["environment"]}
        for name, secret in (("telegram_key", key), ("telegram_token", people.token)):
            (data / name).write_text(f"{secret}\n", encoding="utf-8")
            os.chown(data / name, USER, USER)
        environ = {name: value.replace(SECRETS, "/data/") for name, value in environ.items()}
        # A check in a container sees the same /tmp, and here each command has one of its own.
        environ |= {"STTS_URL": url, "STTS_BOT_API": people.address, "STTS_BOT_PULSE": "/data/pulse"}
        check = bots.config["Healthcheck"]["Test"][1:]
        assert call(bots.folder, data, bots.config, check, **environ).returncode == 1
        with running(bots.folder, data, bots.config, bots.config["Cmd"], **environ) as bot:
            await people.write("The weather is fine today.")
            (note,) = await people.until("voice")
            await people.write(recording=Recording(note.audio))
            await people.reads("weather")
            assert bot.process.uids().real == USER
            assert call(bots.folder, data, bots.config, check, **environ).returncode == 0
            await people.write("/usage")
            await people.reads("characters")
            await finishes_what_it_took(people, bot)
        assert call(bots.folder, data, bots.config, check, **environ).returncode == 1
        assert {each.name for each in (data / "telegram").iterdir()} >= {"chats.db", "recordings"}


@asynccontextmanager
async def served(image: Image, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """The address of a server in its container, and a key that was made in it as the page says."""
    volume = folder / "of the server"
    volume.mkdir()
    os.chown(volume, USER, USER)
    port = free_port()
    url, variables = f"http://127.0.0.1:{port}", {"STTS_SERVER__PORT": str(port)}
    with running(image.folder, volume, image.config, image.config["Cmd"], **variables) as server:
        await asyncio.to_thread(wait_until_ready, server, url)
        await asyncio.to_thread(first_key, server, volume)
        limits = ["--subject", "requests_per_minute=20", "--subject", "characters_per_day=20000"]
        made = ["stts", "keys", "create", "--name", "telegram", *limits]
        told = await asyncio.to_thread(call, image.folder, volume, image.config, made, **variables)
        assert told.returncode == 0, told.stderr
        yield url, told.stdout.splitlines()[0]
        server.ask_to_stop()
        assert await asyncio.to_thread(server.wait) == 0


async def finishes_what_it_took(people: BotAPI, bot: Contained) -> None:
    """Told to stop in the middle, it answers each message that it has confirmed, and leaves the others for later."""
    seen = [len(await people.until(kind, 0)) for kind in KINDS]
    for number in range(3):
        await people.write(f"Number {number}. " + "The lighthouse keeper counted the ships. " * 5)
    await people.until("action", seen[-1] + 1)
    bot.ask_to_stop()
    assert await asyncio.to_thread(bot.wait) == 0
    notes, texts, _ = [len(await people.until(kind, 0)) - before for kind, before in zip(KINDS, seen, strict=True)]
    assert notes >= 1 and notes + texts + len(people.unconfirmed) == 3
