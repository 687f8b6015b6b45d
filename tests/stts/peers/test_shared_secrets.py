"""Client secrets that one worker makes and another is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stts.access.client_secrets import ClientSecrets, Door
from stts.access.key_text import KeyText
from stts.access.principal import API_KEY_HOLDER, Principal, key_holder
from stts.errors import Busy
from stts.peers.shared_secrets import WorkersSecrets
from stts.settings import SecuritySettings
from tests.stts.access.keys import new_key
from tests.stts.peers.crowd import Crowd, crowd

pytestmark = pytest.mark.socket

SESSION = {"type": "realtime", "model": "auto"}
NAMED = {"named_keys": {"app": {"key": "named secret", "role": "write"}}}
DOOR = Door("default", SecuritySettings.model_validate({"api_key": "key", **NAMED}))


async def opened(them: Crowd, most: int = 2) -> ClientSecrets:
    secrets, peers = ClientSecrets(lambda: most), them.arrived()
    WorkersSecrets(peers, secrets)
    await peers.open()
    return secrets


def holder() -> Principal:
    return replace(key_holder(new_key(KeyText.new())), subject="a customer")


@pytest.mark.parametrize("issuer", [API_KEY_HOLDER, holder()], ids=["key of the listener", "key of a user"])
async def test_a_secret_opens_a_session_at_every_worker(issuer: Principal) -> None:
    async with crowd() as them:
        one, other = [await opened(them) for _ in range(2)]
        issued = await one.issue_for_all(SESSION, 60, issuer, DOOR)
        for secrets in (one, other, await opened(them)):
            found = secrets.session(issued.value.encode(), DOOR)
            assert found is not None
            assert (found.session, found.issuer.name, found.issuer.role) == (SESSION, issuer.name, issuer.role)
            assert (found.issuer.subject, found.issuer.secret_hash) == (issuer.subject, issuer.secret_hash)
            assert found.issuer.viewer == issuer.viewer
            for changed in ({"api_key": "new", **NAMED}, {"api_key": "key"}):
                assert secrets.session(issued.value.encode(), Door("default", SecuritySettings(**changed))) is None


async def test_all_workers_together_have_so_many() -> None:
    async with crowd() as them:
        one, other = [await opened(them) for _ in range(2)]
        for _ in range(2):
            await one.issue_for_all(SESSION, 60, API_KEY_HOLDER, DOOR)
        with pytest.raises(Busy):
            await other.issue_for_all(SESSION, 60, API_KEY_HOLDER, DOOR)


async def test_those_of_a_user_are_forgotten_for_workers_that_come_later() -> None:
    async with crowd() as them:
        one, issuer = await opened(them), holder()
        assert issuer.key is not None
        issued = await one.issue_for_all(SESSION, 60, issuer, DOOR)
        kept = await one.issue_for_all(SESSION, 60, API_KEY_HOLDER, DOOR)
        one.remove_all(issuer.key.user_id)
        later = await opened(them)
        assert later.session(issued.value.encode(), DOOR) is None
        assert later.session(kept.value.encode(), DOOR) is not None


async def test_a_worker_alone_makes_them_too() -> None:
    async with crowd() as them:
        secrets, peers = ClientSecrets(lambda: 2), await them.joined()
        WorkersSecrets(peers, secrets)
        await them.gone(peers)
        issued = await secrets.issue_for_all(SESSION, 60, API_KEY_HOLDER, DOOR)
        assert secrets.session(issued.value.encode(), DOOR) is not None
