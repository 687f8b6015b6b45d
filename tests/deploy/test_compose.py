"""The files of compose are what they should be, and their commands run here as plain processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from benchmarks.postgres import program
from benchmarks.server import Server, free_port
from benchmarks.server import running as running_server
from tests import patient
from tests.images import ROOT
from tests.patience import PATIENCE
from tests.postgres import require_postgres, running_postgres
from tests.redis import require_redis

pytestmark = pytest.mark.images

FOLDER = ROOT / "deploy" / "compose"
SECRETS = "/run/secrets/"
SERVICES = {"stts", "postgres", "redis", "prometheus", "grafana"}
PROMETHEUS = next((str(each) for each in (ROOT / "build" / "prometheus",) if each.exists()), shutil.which("prometheus"))
VERSION_1_LACKS = "name"
"""A key of the specification that Debian's compose, which is older, does not know."""


def required(program: str | None, name: str) -> str:
    """Skips the test where a program is missing."""
    if program is None:
        assert not os.environ.get("STTS_REQUIRE_IMAGES"), f"{name} is not installed: make images"
        pytest.skip(f"{name} is not installed: make images")
    return program


def resolved(folder: Path, *files: str, **environ: str) -> dict[str, Any]:
    """The document that compose makes of the files: checked by its schema, with defaults for all variables."""
    compose = required(shutil.which("docker-compose"), "docker-compose")
    options = []
    for name in files:
        document = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
        document.pop(VERSION_1_LACKS, None)
        (folder / name).write_text(yaml.safe_dump(document), encoding="utf-8")
        options += ["-f", str(folder / name)]
    command = [compose, "--project-directory", str(FOLDER), *options, "config"]
    variables = {"PATH": os.environ["PATH"], **environ}
    done = patient.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = yaml.safe_load(done.stdout)
    assert isinstance(document, dict)
    return document


@pytest.fixture
def compose(tmp_path: Path) -> dict[str, Any]:
    return resolved(tmp_path, "compose.yaml")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    patient.run(["sh", str(FOLDER / "secrets.sh"), str(folder)], capture_output=True, check=True)
    return folder


def test_each_service_is_hardened(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVICES
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"] and service["pids_limit"], name
        assert ":" in service["image"] and not service["image"].endswith(":latest"), name
        assert name == "stts" or service["user"].split(":")[0].isdecimal(), name
        assert not {"privileged", "network_mode", "pid", "cap_add", "devices"} & set(service), name


def test_only_the_server_is_published_and_on_loopback(compose: dict[str, Any], tmp_path: Path) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published == {"stts": ["127.0.0.1:8000:8000/tcp"]}
    assert compose["networks"]["inside"]["internal"] is True
    outside = [name for name, service in compose["services"].items() if "outside" in service["networks"]]
    assert outside == ["stts"]
    both = resolved(tmp_path, "compose.yaml", "dashboards.yaml")
    assert both["services"]["grafana"]["ports"] == ["127.0.0.1:3000:3000/tcp"]
    other = resolved(tmp_path, "compose.yaml", STTS_PUBLISH="192.0.2.1:80")
    assert other["services"]["stts"]["ports"] == ["192.0.2.1:80:8000/tcp"]


def test_the_bot_is_hardened_and_reaches_the_server_alone(tmp_path: Path) -> None:
    both = resolved(tmp_path, "compose.yaml", "telegram.yaml")
    bot = both["services"]["telegram"]
    assert set(both["services"]) == {*SERVICES, "telegram"}
    assert (bot["read_only"], bot["cap_drop"], bot["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert bot["mem_limit"] and bot["pids_limit"] and "ports" not in bot and not bot["image"].endswith(":latest")
    assert list(bot["networks"]) == ["outside"] and "outside" in both["services"]["stts"]["networks"]
    assert bot["depends_on"]["stts"]["condition"] == "service_healthy"
    host = both["services"]["stts"]["environment"]["STTS_SECURITY__ALLOWED_HOSTS"]
    assert bot["environment"]["STTS_URL"] == f"http://{host}:8000"
    # Secrets come in files alone.
    given = {name: value for name, value in bot["environment"].items() if value.startswith(SECRETS)}
    assert given == {"STTS_KEY_FILE": f"{SECRETS}telegram_key", "BOT_TOKEN_FILE": f"{SECRETS}telegram_token"}
    assert [each["source"] for each in bot["secrets"]] == ["telegram_key", "telegram_token"]
    assert not {"BOT_TOKEN", "STTS_KEY"} & set(bot["environment"])


def test_an_override_gives_the_server_the_gpu(tmp_path: Path) -> None:
    """With the block of docs/deployment.md. Debian's compose is older than the key `gpus`, which it is not shown."""
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    override = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    given = {name: service.pop("gpus") for name, service in override["services"].items()}
    assert given == {"stts": "all"}
    assert set(override["services"]) <= set(resolved(tmp_path, "compose.yaml")["services"])


def test_what_starts_waits_for_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {name: each["condition"] for name, each in services["stts"]["depends_on"].items()} == {
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }
    assert services["prometheus"]["depends_on"]["stts"]["condition"] == "service_healthy"
    assert "healthcheck" in services["postgres"] and "healthcheck" in services["redis"]
    assert "HEALTHCHECK" in (ROOT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")


def test_files_that_are_mounted_are_here(compose: dict[str, Any]) -> None:
    mounted = [
        Path(volume.split(":")[0]) for each in compose["services"].values() for volume in each.get("volumes", [])
    ]
    files = [each for each in mounted if each.is_absolute()]
    assert len(files) == 5
    assert [each for each in files if not each.is_file()] == []


def test_secrets_are_made_once_and_for_nobody_else(compose: dict[str, Any], secrets: Path) -> None:
    made = {each.name: each.read_text(encoding="utf-8") for each in secrets.iterdir()}
    assert set(made) == set(compose["secrets"])
    assert secrets.stat().st_mode & 0o777 == 0o700
    passwords = [made[name] for name in ("admin_key", "prometheus_key", "postgres_password", "redis_password")]
    assert len(set(passwords)) == 4 and all(len(each) == 64 for each in passwords)
    patient.run(["sh", str(FOLDER / "secrets.sh"), str(secrets)], capture_output=True, check=True)
    assert {each.name: each.read_text(encoding="utf-8") for each in secrets.iterdir()} == made
    used = {each["source"] for service in compose["services"].values() for each in service["secrets"]}
    assert used == set(made)


def test_its_parts_work_together(compose: dict[str, Any], secrets: Path, tmp_path: Path) -> None:
    """The server keeps its keys in PostgreSQL and its limits and speech in Redis, and Prometheus reads its metrics."""
    require_redis()
    require_postgres()
    prometheus = required(PROMETHEUS, "prometheus")
    with (
        redis(compose, secrets) as redis_port,
        postgres(compose, secrets) as database,
        server(compose, secrets, redis_port, database) as served,
    ):
        url = f"http://127.0.0.1:{served.port}"
        key = (secrets / "admin_key").read_text(encoding="utf-8")
        with patient.Client(base_url=url, headers={"X-API-Key": key}) as admin:
            until(lambda: admin.get("/ready").json()["database"] == "up")
            made = admin.post("/admin/keys", json={"name": "one", "limits": {"requests_per_minute": 5}})
            (key_id,) = keys_of(database)
            assert made.raise_for_status().json()["id"] == key_id
            assert admin.get("/ready", headers={"Host": "stts:8000"}).status_code == 200
            assert admin.get("/ready", headers={"Host": "elsewhere"}).status_code != 200
        headers = {"X-API-Key": made.json()["key"]}
        answer = patient.post(f"{url}/tts", json={"text": "Hello.", "stream": False}, headers=headers)
        assert answer.status_code == 200
        for number in (0, 1):
            assert int(redis_answer(secrets, redis_port, "-n", str(number), "DBSIZE")) > 0, number
        with scraping(prometheus, compose, secrets, served.port, tmp_path) as asked:
            until(lambda: asked("query", query="up{job='stts'}")["result"][0]["value"][1] == "1")
            until(lambda: asked("query", query="stts_operations_total")["result"] != [])
            assert asked("rules")["groups"]


def until(holds: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if holds():
                return
        except (LookupError, httpx.HTTPError):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def process(command: list[str]) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            yield
        finally:
            running.kill()


def redis_answer(secrets: Path, port: int, *command: str) -> str:
    """An answer of Redis, by the password of its health check."""
    password = (secrets / "redis_password").read_text(encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "REDISCLI_AUTH": password}
    done = patient.run(
        ["redis-cli", "-p", str(port), *command], env=environ, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


@contextmanager
def redis(compose: dict[str, Any], secrets: Path) -> Iterator[int]:
    service = compose["services"]["redis"]
    port = free_port()
    command = [part.replace(SECRETS, f"{secrets}/") for part in service["command"]]
    with process([*command, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(secrets.parent)]):
        kind, check = service["healthcheck"]["test"]
        assert kind == "CMD-SHELL"
        check = check.replace("$$", "$").replace(SECRETS, f"{secrets}/").replace("redis-cli", f"redis-cli -p {port}")
        until(lambda: patient.run(["sh", "-c", check], check=False).returncode == 0)
        assert "NOAUTH" in patient.run(["redis-cli", "-p", str(port), "PING"], capture_output=True, text=True).stdout
        yield port


@contextmanager
def postgres(compose: dict[str, Any], secrets: Path) -> Iterator[str]:
    """The address of the database, made as the image makes it from these variables."""
    service = compose["services"]["postgres"]
    user, name = service["environment"]["POSTGRES_USER"], service["environment"]["POSTGRES_DB"]
    with running_postgres() as database:
        with psycopg.connect(database.url(), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'trusted here'".encode())
            connection.execute(f"CREATE DATABASE {name} OWNER {user}".encode())
        check = [*service["healthcheck"]["test"][2:], "--host=127.0.0.1", f"--port={database.port}"]
        ready = program("pg_isready")
        assert ready is not None
        assert patient.run([ready, *check], check=False).returncode == 0
        written = (secrets / "database_url").read_text(encoding="utf-8")
        yield written.replace("@postgres/", f"@127.0.0.1:{database.port}/")


def keys_of(database: str) -> list[str]:
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM access_keys").fetchall()]


@contextmanager
def server(compose: dict[str, Any], secrets: Path, redis_port: int, database: str) -> Iterator[Server]:
    (secrets / "database_url").write_text(database, encoding="utf-8")
    for name in ("limits_redis_url", "cache_redis_url"):
        file = secrets / name
        file.write_text(file.read_text(encoding="utf-8").replace("@redis/", f"@127.0.0.1:{redis_port}/"))
    environment = compose["services"]["stts"]["environment"]
    variables = {name: value.replace(SECRETS, f"{secrets}/") for name, value in environment.items()}
    with running_server({"cache": {"enabled": True}}, variables=variables) as served:
        check = ["python3", "-I", "-S", str(ROOT / "deploy" / "docker" / "ready.py")]
        environ = {"PATH": os.environ["PATH"], "STTS_SERVER__PORT": str(served.port)}
        until(lambda: patient.run(check, env=environ, check=False).returncode == 0)
        yield served


@contextmanager
def scraping(prometheus: str, compose: dict[str, Any], secrets: Path, port: int, folder: Path) -> Iterator[Any]:
    """A function that asks Prometheus, which runs with the configuration and the options of its container."""
    config = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    config = config.replace(SECRETS, f"{secrets}/").replace("stts:8000", f"127.0.0.1:{port}").replace("15s", "1s")
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    shutil.copy(ROOT / "deploy" / "prometheus" / "stts.rules.yml", folder)
    own = {"/etc/prometheus/": f"{folder}/", "=/prometheus": f"={folder}/series"}
    options = compose["services"]["prometheus"]["command"]
    for old, new in own.items():
        options = [option.replace(old, new) for option in options]
    listens = free_port()
    with process([prometheus, *options, f"--web.listen-address=127.0.0.1:{listens}"]):

        def asked(what: str, **query: str) -> Any:
            answer = patient.get(f"http://127.0.0.1:{listens}/api/v1/{what}", params=query)
            return answer.raise_for_status().json()["data"]

        yield asked
