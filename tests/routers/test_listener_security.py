"""Each listener has its own TLS, key and web origins, beside a main one that has none of them."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from benchmarks.server import free_port
from stts.settings import Settings
from tests import patient
from tests.adapters.configuration.test_checks import CERTIFICATE, KEY
from tests.fakes import registry
from tests.keyed import keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.server import running

pytestmark = pytest.mark.socket

PAGE = "https://app.example.org"


def test_a_listener_has_its_own_tls_key_and_origins(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    port = free_port()
    apps: dict[str, Any] = {
        "dialects": ["openai"],
        "port": port,
        "tls_certificate": str(certificate),
        "tls_key": str(key),
        "security": {"api_key": "secret", "allowed_origins": [PAGE], "public_lists": False},
    }
    below = {"dialects": ["openai"], "path": "/apps", "security": {"api_key": "other"}}
    settings = Settings.model_validate(
        {
            "storage": {"root": str(tmp_path / "data")},
            "tts": {"order": ["tone"]},
            "stt": {"order": []},
            "listeners": {"apps": apps, "below": below},
        }
    )
    with running(settings, registry()) as server, httpx.Client(verify=False, timeout=PATIENCE) as client:
        models = f"https://127.0.0.1:{port}/v1/models"
        assert client.get(models).status_code == 401
        answer = client.get(models, headers={"authorization": "Bearer secret", "origin": PAGE})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
        assert (
            client.get(models, headers={"authorization": "Bearer secret", "origin": "https://a.b"}).status_code == 403
        )
        assert client.get(f"{server.url}/v1/models").status_code == 200
        assert client.get(f"{server.url}/v1/models", headers={"origin": PAGE}).status_code == 403
        assert client.get(f"{server.url}/apps/v1/models").status_code == 401
        assert client.get(f"{server.url}/apps/v1/models", headers={"x-api-key": "other"}).status_code == 200
        assert client.get(f"{server.url}/apps/tts?text=a", headers={"x-api-key": "other"}).status_code == 404
        with pytest.raises(httpx.TransportError):
            client.get(f"http://127.0.0.1:{port}/v1/models")


def test_a_listener_that_cannot_start_leaves_no_socket_behind(tmp_path: Path) -> None:
    certificate, key, port = tmp_path / "certificate.pem", tmp_path / "key.pem", free_port()
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    tls = {"dialects": ["native"], "port": port, "tls_certificate": str(certificate), "tls_key": str(key)}
    settings = Settings.model_validate(
        {
            "storage": {"root": str(tmp_path / "data")},
            "tts": {"order": ["tone"]},
            "stt": {"order": []},
            "listeners": {"tls": tls},
        }
    )
    with running(settings, registry()) as server, httpx.Client(verify=False, timeout=PATIENCE) as client:
        health = f"https://127.0.0.1:{port}/health"
        certificate.rename(tmp_path / "gone.pem")
        client.post(f"{server.url}/listeners/tls/restart")
        assert client.get(health).status_code == 200
        client.post(f"{server.url}/listeners/tls/stop")
        deadline = time.monotonic() + PATIENCE
        while _is_taken(port):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        client.post(f"{server.url}/listeners/tls/start")
        assert not _is_taken(port)
        (tmp_path / "gone.pem").rename(certificate)
        client.post(f"{server.url}/listeners/tls/start")
        assert client.get(health).status_code == 200


def _is_taken(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_keys_of_the_database_open_only_the_listeners_that_want_them(tmp_path: Path) -> None:
    own, nobody, users = free_port(), free_port(), free_port()
    settings = Settings.model_validate(
        {
            **keyed_settings(tmp_path).model_dump(),
            "listeners": {
                "own": {"dialects": ["openai"], "port": own, "security": {"api_key": "own-key"}},
                "named": {
                    "dialects": ["openai"],
                    "path": "/named",
                    "security": {"named_keys": {"phone": {"key": "phone-key"}}},
                },
                "nobody": {"dialects": ["openai"], "port": nobody, "security": {"keys": False}},
                "users": {"dialects": ["openai"], "port": users},
                "both": {"dialects": ["openai"], "path": "/both", "security": {"keys": True, "api_key": "both-key"}},
            },
        }
    )
    with keyed_server(settings) as keyed:
        key = keyed.key(role="write")["key"]
        addresses = {
            "main": keyed.server.url,
            "own": f"http://127.0.0.1:{own}",
            "named": f"{keyed.server.url}/named",
            "nobody": f"http://127.0.0.1:{nobody}",
            "users": f"http://127.0.0.1:{users}",
            "both": f"{keyed.server.url}/both",
        }
        opens = {
            "main": {key},
            "own": {"own-key"},
            "named": {"phone-key"},
            "nobody": {None, key, "own-key", "phone-key", "both-key", "wrong"},
            "users": {key},
            "both": {key, "both-key"},
        }
        for name, address in addresses.items():
            # Three times, so that a request that is remembered is asked for its key as well.
            for offered in (key, key, key, "own-key", "phone-key", "both-key", "wrong", None):
                status = _spoken(address, offered)
                assert status == (200 if offered in opens[name] else 401), (name, offered == key, offered is None)


def _spoken(address: str, key: str | None) -> int:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    wanted = {"model": "tts-1", "input": "Good evening.", "voice": "low", "response_format": "wav"}
    return httpx.post(f"{address}/v1/audio/speech", json=wanted, headers=headers, timeout=PATIENCE).status_code


def test_a_client_secret_opens_only_the_listener_that_it_was_made_on(tmp_path: Path) -> None:
    port = free_port()
    settings = Settings.model_validate(
        {
            "storage": {"root": str(tmp_path)},
            "tts": {"order": ["tone"]},
            "stt": {"order": ["echo"]},
            "security": {"api_key": "main-key"},
            "listeners": {
                "apps": {"dialects": ["openai"], "port": port, "security": {"api_key": "apps-key"}},
                "nobody": {"dialects": ["openai"], "path": "/nobody", "security": {"keys": False}},
            },
        }
    )
    with running(settings, registry()) as server:
        places = {server.url: "main-key", f"http://127.0.0.1:{port}": "apps-key", f"{server.url}/nobody": None}
        for made_at, key in places.items():
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            wanted = {"session": {"type": "realtime", "instructions": "Be kind."}}
            made = httpx.post(f"{made_at}/v1/realtime/client_secrets", json=wanted, headers=headers, timeout=PATIENCE)
            assert made.status_code == 200, made.text
            for address, its_key in places.items():
                told = _instructions(address, made.json()["value"])
                if address == made_at:
                    assert told == "Be kind."
                elif its_key is not None:
                    assert told == 401, (made_at, address)
                else:
                    # Where nobody needs a key the socket opens, but not with a session that was kept elsewhere.
                    assert isinstance(told, str) and told != "Be kind.", (made_at, address)


def _instructions(address: str, secret: str) -> str | int:
    """The instructions of the session that a secret opens, or the status that refuses it."""
    headers = {"Authorization": f"Bearer {secret}"}
    try:
        with patient.connect_blocking(
            f"{address.replace('http', 'ws')}/v1/realtime", additional_headers=headers
        ) as socket:
            return str(json.loads(socket.recv(timeout=PATIENCE))["session"].get("instructions", ""))
    except InvalidStatus as refused:
        return refused.response.status_code
