"""Each listener has its own TLS, key and web origins, beside a main one that has none of them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from stts.settings import Settings
from tests.adapters.configuration.test_checks import CERTIFICATE, KEY
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import running

pytestmark = pytest.mark.socket

PAGE = "https://app.example.org"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


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
