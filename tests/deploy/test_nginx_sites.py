"""The server below a path of another site, and what nginx says where the server is away."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests import patient
from tests.deploy.test_nginx import behind
from tests.nginx import ROOT, running_nginx
from tests.routers.wyoming.conftest import free_port

pytestmark = pytest.mark.socket


def test_below_a_path_of_another_site(tmp_path: Path) -> None:
    """With the location that docs/proxies.md shows."""
    page = (ROOT / "docs" / "proxies.md").read_text(encoding="utf-8")
    location = page.partition("```nginx\n")[2].partition("```")[0]
    port = free_port()
    site = f"server {{ listen 127.0.0.1:{port}; {location} }}"
    with behind(tmp_path, more=site), patient.Client(base_url=f"http://127.0.0.1:{port}") as client:
        home = client.get("/stts/", follow_redirects=True)
        assert home.url.path == "/stts/app/home"
        style = re.search(r'href="([^"]+style\.css)"', home.text)
        assert style is not None and client.get(str(home.url.join(style[1]))).status_code == 200
        assert client.get("/stts/talk", follow_redirects=True).url.path == "/stts/app/talk"
        assert client.post("/stts/tts", json={"text": "Hello."}).status_code == 200
        assert client.get("/elsewhere").status_code == 404
        with patient.connect_blocking(f"ws://127.0.0.1:{port}/stts/ws/tts") as socket:
            socket.send(json.dumps({"type": "text", "text": "Hello there."}))
            socket.send(json.dumps({"type": "end"}))
            assert any(isinstance(message, bytes) for message in socket)


def test_a_server_that_is_away_is_told_in_the_words_of_the_path(tmp_path: Path) -> None:
    with (
        running_nginx(tmp_path, f"127.0.0.1:{free_port()}") as away,
        patient.Client(base_url=away.https, verify=away.tls) as client,
    ):
        native, v1 = client.get("/engines"), client.get("/v1/models")
    assert (native.status_code, v1.status_code) == (502, 502)
    assert native.json()["code"] == v1.json()["error"]["code"] == "server_away"
    assert native.headers["Retry-After"] == v1.headers["Retry-After"] == "5"
