"""Whose address counts behind nginx: in networks of their own, where clients are no part of this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from routers.services import build_services
from stts.access.roles import Role
from stts.settings import QuotaSettings, SecuritySettings, ServerSettings
from tests import patient
from tests.fakes import registry
from tests.keyed import keyed_settings, make_key
from tests.nginx import Nginx, running_nginx
from tests.routers.webrtc.namespaces import CALLER, MIDDLE_OUTSIDE, Networks, networks
from tests.server import RunningServer

pytestmark = pytest.mark.socket

FORGED = "203.0.113.9"
OPEN = SecuritySettings(allowed_hosts=(MIDDLE_OUTSIDE,))
KEYED = SecuritySettings(keys=True, allowed_hosts=(MIDDLE_OUTSIDE,))


@contextmanager
def behind(folder: Path, **changes: Any) -> Iterator[tuple[Networks, Nginx, str]]:
    """Networks with nginx and a server in the middle, and an administrator's key."""
    settings = keyed_settings(folder / "data", **{"security": KEYED, **changes})
    key = asyncio.run(make_key(settings, Role.ADMIN))
    with networks("nginx") as between:
        with between.inside("middle"):
            listens = socket.create_server(("127.0.0.1", 0))
        upstream = f"127.0.0.1:{listens.getsockname()[1]}"
        services = build_services(settings, registry=registry())
        with (
            listens,
            RunningServer(services, listens),
            between.inside("middle"),
            running_nginx(folder, upstream, MIDDLE_OUTSIDE) as nginx,
        ):
            yield between, nginx, key


@contextmanager
def caller(between: Networks, nginx: Nginx, key: str, **headers: str) -> Iterator[httpx.Client]:
    """A client elsewhere."""
    given = {"X-API-Key": key, **headers}
    with between.inside("caller"), patient.Client(base_url=nginx.https, verify=nginx.tls, headers=given) as client:
        yield client


def refused_clients(lines: list[MutableMapping[str, Any]]) -> list[str]:
    """Addresses in the log of those who were not let in."""
    return [line["client"] for line in lines if line.get("http_status") == 403]


def test_a_client_has_its_own_address_whatever_it_says(tmp_path: Path) -> None:
    forged = {"X-Forwarded-For": FORGED, "X-Real-IP": FORGED, "Forwarded": f"for={FORGED}"}
    with behind(tmp_path, quotas=QuotaSettings(routes={"write": 3})) as (between, nginx, key):
        with caller(between, nginx, key, **forged) as client:
            own, others = (make(client, address) for address in (CALLER, FORGED))
        with caller(between, nginx, own, **forged) as client:
            statuses = [client.post("/tts", json={"text": "Hello."}).status_code for _ in range(4)]
        with capture_logs() as lines, caller(between, nginx, others, **forged) as client:
            refused = client.post("/tts", json={"text": "Hello."})
    assert statuses == [200, 200, 200, 429]
    assert refused.status_code == 403 and refused_clients(lines) == [CALLER]


def test_addresses_without_a_key_have_their_limits_apart(tmp_path: Path) -> None:
    quotas = QuotaSettings(address={"requests_per_minute": 3})
    with behind(tmp_path, quotas=quotas, security=OPEN) as (between, nginx, key):
        with caller(between, nginx, key) as client:
            given = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(4)]
            forged = [client.get("/engines", headers=each).status_code for each in given]
        with patient.Client(base_url=nginx.https, verify=nginx.tls) as neighbour:
            beside = neighbour.get("/engines").status_code
    assert (forged, beside) == ([200, 200, 200, 429], 200)


@pytest.mark.parametrize("trusted", [(), ("10.77.9.9",)])
def test_a_proxy_that_is_not_named_is_not_believed(tmp_path: Path, trusted: tuple[str, ...]) -> None:
    with behind(tmp_path, server=ServerSettings(trusted_proxies=trusted)) as (between, nginx, key):
        with caller(between, nginx, key) as client:
            own = make(client, CALLER)
        with capture_logs() as lines, caller(between, nginx, own) as client:
            assert client.get("/engines").status_code == 403
    assert refused_clients(lines) == ["127.0.0.1"]


def make(client: httpx.Client, address: str) -> str:
    """A key that works from this address."""
    made = client.post("/admin/keys", json={"name": "laptop", "role": "write", "allowed_addresses": [address]})
    return str(made.json()["key"])
