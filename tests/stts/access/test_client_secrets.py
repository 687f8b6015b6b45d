"""Client secrets: alive for a while, kept as hashes, bounded, and good for one socket only."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from middleware.edge.authentication import Authentication
from middleware.edge.dialect import PLAIN
from middleware.edge.route_table import STATE, RouteMatch
from middleware.listener import default_listener
from stts.access.client_secrets import SESSION_CHARACTERS, ClientSecrets, Door
from stts.access.directory import KeyDirectory
from stts.access.key_text import KeyText
from stts.access.keys import KeyLimits
from stts.access.policy import RouteKind, RoutePolicy
from stts.access.principal import ANONYMOUS, API_KEY_HOLDER, key_holder
from stts.access.roles import Role
from stts.errors import Busy, PayloadTooLarge
from stts.settings import SecuritySettings, Settings
from tests.stts.access.keys import MemoryKeys, new_key

SESSION = {"type": "realtime", "model": "auto"}
DOOR = Door("default", SecuritySettings.model_validate({"api_key": "key"}))
OPEN_DOOR = Door("default", SecuritySettings())


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets(clock: Clock) -> ClientSecrets:
    return ClientSecrets(lambda: 2, clock)


def test_a_secret_brings_its_session_until_it_expires(secrets: ClientSecrets, clock: Clock) -> None:
    issued = secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR)
    assert issued.value.startswith("ek_") and issued.expires_at == 1060
    found = secrets.session(issued.value.encode(), DOOR)
    assert found is not None and (found.session, found.issuer) == (SESSION, API_KEY_HOLDER)
    clock.now = 1060.0
    assert secrets.session(issued.value.encode(), DOOR) is None


@pytest.mark.parametrize("offered", [b"", b"ek_", b"ek_wrong", b"\xff", b"key"])
def test_nothing_else_opens(secrets: ClientSecrets, offered: bytes) -> None:
    secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR)
    assert secrets.session(offered, DOOR) is None


def test_another_listener_and_one_with_new_keys_are_not_opened(secrets: ClientSecrets) -> None:
    value = secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR).value.encode()
    assert secrets.session(value, Door("apps", DOOR.security)) is None
    assert secrets.session(value, Door("default", SecuritySettings.model_validate({"api_key": "new"}))) is None
    assert secrets.session(value, Door("default", SecuritySettings.model_validate({"api_key": "key"}))) is not None


def test_too_many_are_refused_until_one_expires(secrets: ClientSecrets, clock: Clock) -> None:
    secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR)
    secrets.issue(SESSION, 10, API_KEY_HOLDER, DOOR)
    with pytest.raises(Busy) as caught:
        secrets.issue(SESSION, 10, API_KEY_HOLDER, DOOR)
    assert caught.value.retry_after == pytest.approx(10)
    clock.now += 10
    assert secrets.issue(SESSION, 10, API_KEY_HOLDER, DOOR).value


def test_many_large_sessions_are_bounded_together(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.access.client_secrets.MOST_CHARACTERS", 2500)
    secrets = ClientSecrets(lambda: 1000, clock)
    for _ in range(2):
        secrets.issue({"instructions": "x" * 1000}, 60, API_KEY_HOLDER, DOOR)
    with pytest.raises(Busy):
        secrets.issue({"instructions": "x" * 1000}, 60, API_KEY_HOLDER, DOOR)
    assert secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR).value
    clock.now += 60
    assert secrets.issue({"instructions": "x" * 1000}, 60, API_KEY_HOLDER, DOOR).value


def test_a_huge_session_is_not_kept(secrets: ClientSecrets) -> None:
    with pytest.raises(PayloadTooLarge):
        secrets.issue({"instructions": "x" * SESSION_CHARACTERS}, 60, API_KEY_HOLDER, DOOR)


def test_only_hashes_are_kept(secrets: ClientSecrets) -> None:
    issued = secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR)
    assert issued.value not in repr(vars(secrets))


async def admitted(
    secrets: ClientSecrets,
    value: str,
    *,
    key: str | None,
    directory: Any = None,
    told: list[Any] | None = None,
    **changes: object,
) -> Scope | None:
    """The scope that gets past authentication; None where it is refused. `told`: what its client is sent."""
    passed: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope)

    async def receive() -> dict[str, object]:
        return {}

    async def send(message: object) -> None:
        if told is not None:
            told.append(message)

    offered = f"realtime, openai-insecure-api-key.{value}".encode()
    scope: Scope = {
        "type": "websocket",
        "path": "/v1/realtime",
        "query_string": b"",
        "extensions": {"websocket.http.response": {}},
        "headers": [(b"host", b"127.0.0.1"), (b"sec-websocket-protocol", offered)],
        **changes,
    }
    settings = Settings(security=SecuritySettings.model_validate({"api_key": key} if key else {}))
    opened = scope["type"] == "websocket" and scope["path"] == "/v1/realtime"
    scope["state"] = {STATE: RouteMatch(RoutePolicy(RouteKind.USE, client_secrets=opened), PLAIN)}
    await Authentication(app, default_listener(lambda: settings), secrets, directory)(scope, receive, send)
    if not passed:
        return None
    del passed[0]["state"][STATE]
    return passed[0]


async def test_a_secret_opens_its_socket(secrets: ClientSecrets) -> None:
    scope = await admitted(secrets, secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR).value, key="key")
    assert scope is not None
    assert scope["state"] == {"principal": API_KEY_HOLDER, "realtime_session": SESSION}


@pytest.mark.parametrize(
    "changes",
    [{"path": "/ws/tts"}, {"path": "/v1/realtime/client_secrets"}, {"type": "http", "method": "POST"}],
)
async def test_a_secret_opens_nothing_else(secrets: ClientSecrets, changes: dict[str, Any]) -> None:
    assert await admitted(secrets, secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR).value, key="key", **changes) is None


async def test_a_secret_where_a_key_is_wanted_is_no_wrong_key(secrets: ClientSecrets) -> None:
    value, statuses = secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR).value, []
    for offered in (value, "ek_unknown"):
        told = list[Any]()
        assert await admitted(secrets, offered, key="key", told=told, path="/v1/live/sessions") is None
        statuses += [message["status"] for message in told if "status" in message]
    assert statuses == [403, 401]


async def test_an_expired_secret_opens_nothing(secrets: ClientSecrets, clock: Clock) -> None:
    value = secrets.issue(SESSION, 60, API_KEY_HOLDER, DOOR).value
    clock.now += 60
    assert await admitted(secrets, value, key="key") is None


async def test_without_a_key_a_secret_still_brings_its_session(secrets: ClientSecrets) -> None:
    scope = await admitted(secrets, secrets.issue(SESSION, 60, ANONYMOUS, OPEN_DOOR).value, key=None)
    assert scope is not None and scope["state"] == {"principal": ANONYMOUS, "realtime_session": SESSION}
    other = await admitted(secrets, "ek_unknown", key=None)
    assert other is not None and other["state"] == {"principal": ANONYMOUS}


class Issuer:
    """A key in memory that has had a secret made, from inside its overlap where `previous` is shown."""

    def __init__(self, secrets: ClientSecrets, clock: Clock, *, shows_previous: bool = False) -> None:
        self.secrets = secrets
        self.directory = KeyDirectory(MemoryKeys().opened, lambda: 600.0, clock=clock)
        self.text = KeyText.new()
        self.before = KeyText.new(self.text.id)
        self.version = 0
        self.becomes(previous_hash=self.before.hash, previous_until=1030.0)
        shown = self.before if shows_previous else self.text
        holder = key_holder(new_key(self.text), shown.hash)
        self.value = secrets.issue(SESSION, 600, holder, DOOR).value

    def becomes(self, **values: object) -> None:
        self.version += 1
        self.directory.take(new_key(self.text, version=self.version, **values))

    async def opens(self, address: str = "192.0.2.1") -> Scope | None:
        directory = self.directory
        return await admitted(self.secrets, self.value, key="key", directory=directory, client=(address, 1))


async def test_a_secret_can_do_what_its_key_can_do_now(secrets: ClientSecrets, clock: Clock) -> None:
    issuer = Issuer(secrets, clock)
    limits = KeyLimits(sessions=1)
    issuer.becomes(role=Role.ADMIN, allowed_voices=("anna",), limits=limits)
    scope = await issuer.opens()
    assert scope is not None
    principal = scope["state"]["principal"]
    assert (principal.role, principal.key.limits, principal.permission.voices) == (Role.ADMIN, limits, ("anna",))


async def test_a_secret_works_from_the_networks_of_its_key_only(secrets: ClientSecrets, clock: Clock) -> None:
    issuer = Issuer(secrets, clock)
    issuer.becomes(allowed_addresses=("192.0.2.0/24",))
    assert await issuer.opens() is not None
    assert await issuer.opens("198.51.100.7") is None


async def test_rotation_without_overlap_ends_the_secrets(secrets: ClientSecrets, clock: Clock) -> None:
    issuer = Issuer(secrets, clock)
    newer = KeyText.new(issuer.text.id)
    issuer.becomes(secret_hash=newer.hash, previous_hash=issuer.text.hash, previous_until=1060.0)
    assert await issuer.opens() is not None
    clock.now = 1060.0
    assert await issuer.opens() is None
    clock.now = 1000.0
    issuer.becomes(secret_hash=newer.hash)
    assert await issuer.opens() is None


async def test_a_secret_made_with_the_key_before_ends_with_the_overlap(secrets: ClientSecrets, clock: Clock) -> None:
    issuer = Issuer(secrets, clock, shows_previous=True)
    assert await issuer.opens() is not None
    clock.now = 1030.0
    assert await issuer.opens() is None


async def test_a_revoked_key_ends_its_secrets(secrets: ClientSecrets, clock: Clock) -> None:
    issuer = Issuer(secrets, clock)
    issuer.becomes(revoked_at=1000.0)
    assert await issuer.opens() is None
