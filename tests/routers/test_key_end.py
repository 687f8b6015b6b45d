"""Answers that are being sent end with the key that asked for them; changes are carried out."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.keyed import Keyed, keyed_server, keyed_settings

pytestmark = pytest.mark.socket

LONG = "A word and another. " * 450
"""Nine minutes of a tone: more than the buffers between a server and a client hold."""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("keys"))) as keyed:
        yield keyed


def test_speech_is_cut_off_when_its_key_is_revoked(keyed: Keyed) -> None:
    made = keyed.key()
    body = {"text": LONG, "format": "pcm", "sample_rate": 48_000, "stream": True}
    with keyed.client(made["key"]) as client, client.stream("POST", "/tts", json=body) as answer:
        assert answer.status_code == 200
        heard = answer.iter_bytes()
        assert next(heard)
        keyed.admin.delete(f"/admin/keys/{made['id']}").raise_for_status()
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in heard:
                pass
        assert client.get("/me").status_code == 401


def test_an_administrator_who_revokes_the_own_key_is_told_that_it_is_done(keyed: Keyed) -> None:
    made = keyed.key(role="admin")
    with keyed.client(made["key"]) as client:
        answer = client.delete(f"/admin/keys/{made['id']}")
        assert answer.status_code in (200, 204)
        assert client.get("/me").status_code == 401
