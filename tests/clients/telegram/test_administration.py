"""Administrators make and end keys of the server and change its limits, the same over each framework."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from clients.telegram.settings import FRAMEWORKS
from tests.clients.telegram.conftest import KeyedServer
from tests.clients.telegram.connected import connected
from tests.clients.telegram.people import People, Seen
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def pressed(people: People, question: str, row: int = 0, column: int = 0) -> Seen:
    """Presses a button of a question; returns what its message became."""
    await people.told(question)
    asked = (await people.until("text", chat=7))[-1]
    edits = len(await people.until("edit", 0))
    await people.press(asked.buttons[row][column][1], message=asked.number)
    return (await people.until("edit", edits + 1))[-1]


def opens(server: KeyedServer, key: str) -> bool:
    headers = {"X-API-Key": key}
    return httpx.get(f"{server.address}/me", headers=headers, trust_env=False, timeout=PATIENCE).status_code == 200


async def test_keys_are_made_rotated_and_revoked_and_secrets_shown_once(
    keyed_server: KeyedServer, framework: str, tmp_path: Path
) -> None:
    own, key = keyed_server.key(role="admin")
    name = f"for-{framework}"
    async with connected(framework, keyed_server.address, tmp_path, key=key) as people:
        assert f"{own} bot (admin)" in await people.told("/admin keys")
        told = await people.told(f"/admin keys make {name} read")
        shown = (await people.until("text"))[-1]
        secret = told.split()[-1]
        assert name in told and opens(keyed_server, secret)
        listed = await people.told(f"/admin keys {name.upper()}")
        made = listed.split("\n")[1].split()[0]
        assert secret not in listed and own not in listed and f"{made} {name} (read)" in listed
        await people.press(shown.buttons[0][0][1], message=shown.number)
        hidden = (await people.until("edit"))[-1]
        assert hidden.number == shown.number and secret not in hidden.text and made in hidden.text
        rotated = await pressed(people, f"/admin keys rotate {made} 1")
        second = rotated.text.split()[-1]
        assert second != secret and opens(keyed_server, second) and opens(keyed_server, secret)
        kept = await pressed(people, f"/admin keys revoke {made}", column=1)
        assert kept.text == "Nothing was done." and not kept.buttons and opens(keyed_server, second)
        assert "is revoked" in (await pressed(people, f"/admin keys revoke {made}")).text
        assert not opens(keyed_server, second)
        assert "Revoked: 1" in await people.told(f"/admin keys {made}")


async def test_what_would_hurt_is_refused_and_secrets_stay_out_of_groups(
    keyed_server: KeyedServer, framework: str, tmp_path: Path
) -> None:
    own, key = keyed_server.key(role="admin")
    before = len(keyed_server.admin.get("/admin/keys").json())
    async with connected(framework, keyed_server.address, tmp_path, key=key) as people:
        for refused in (f"revoke {own}", f"rotate {own}", "rotate bot"):
            assert "bot's own key" in await people.told(f"/admin keys {refused}")
        for unknown in ("revoke 0123456789abcdef", "rotate ../users"):
            assert "refuses" in await people.told(f"/admin keys {unknown}")
        assert "name of one word" in await people.told("/admin keys make desk adminn")
        for wrong in ("make", "rotate x ten", "rotate x 721"):
            assert "HOURS" in await people.told(f"/admin keys {wrong}")
        assert "private chat" in await people.told("/admin keys make x", chat=-5, person=7)
        # A question is answered by who asked it alone.
        made, _ = keyed_server.key()
        await people.told(f"/admin keys revoke {made}", chat=-5, person=7)
        asked = (await people.until("text", chat=-5))[-1]
        await people.press(asked.buttons[0][0][1], chat=-5, message=asked.number, person=8)
        assert "answered already" in (await people.until("text", 3, chat=-5))[-1].text
    assert len(keyed_server.admin.get("/admin/keys").json()) == before + 1
    assert keyed_server.admin.get(f"/admin/keys/{made}").json()["revoked_at"] is None


async def test_limits_of_keys_and_of_each_person_are_changed(
    keyed_server: KeyedServer, framework: str, tmp_path: Path
) -> None:
    own, key = keyed_server.key(role="admin", subjects={"sessions": 2})
    async with connected(framework, keyed_server.address, tmp_path, key=key) as people:
        assert "Of each person: sessions=2" in await people.told("/admin limits")
        told = await people.told("/admin limits each characters_per_day=۱۰ sessions=none")
        assert told == f"Limits of each person by the key bot ({own}): characters_per_day=10"
        assert "concurrent=9" in await people.told("/admin limits bot concurrent=9 requests_per_minute=1000")
        assert "concurrent" not in await people.told("/admin limits bot concurrent=none")
        other, _ = keyed_server.key(name="other")
        assert "key other" in await people.told(f"/admin limits {other} sessions=1")
        for wrong in (
            "person x sessions=1",
            "person 8",
            "each characters=1",
            "each characters_per_day=many",
            "each",
            "bot sessions=-1",
        ):
            assert "NAME=VALUE" in await people.told(f"/admin limits {wrong}")
        await people.write("Hello.")
        await people.until("voice")
        assert "left of your share" in await people.told("Hello again.")
        assert "7: 6 characters today, 6 this month" in await people.told("/admin usage")
        told = await people.told("/admin limits person 8 characters_per_day=100 concurrent=1")
        assert told == "Limits of the person 8 alone: characters_per_day=100, concurrent=1"
        assert "concurrent" not in await people.told("/admin limits person 8 concurrent=none")
        await people.write("Hello, hello, hello.", chat=8)
        await people.until("voice", chat=8)
        first, second = (await people.told("/admin usage day")).split("\n")[1:]
        assert first.startswith("8: 20 characters") and first.endswith(" – characters_per_day=100")
        assert second.startswith("7: 6 characters")
        assert "those of each" in await people.told("/admin limits person 8 each")
        assert "left of your share" in await people.told("Hello.", chat=8)
        before = len(await people.until("text", chat=7))
        number = await people.write("/admin limits bot concurrent=9")
        await people.until("text", before + 1, chat=7)
        assert "does not do /admin again" in await people.told("/admin limits bot concurrent=8", edits=number)
    kept = keyed_server.admin.get(f"/admin/keys/{own}").json()
    assert kept["limits"] == {"requests_per_minute": 1000, "concurrent": 9} and kept["subjects"] == {
        "characters_per_day": 10
    }


async def test_each_person_is_a_subject_of_the_bots_key(keyed_server: KeyedServer, tmp_path: Path) -> None:
    _, key = keyed_server.key(subjects={"characters_per_day": 10})
    async with connected("aiogram", keyed_server.address, tmp_path, key=key) as people:
        await people.write("Hello.")
        await people.until("voice")
        assert "left of your share" in await people.told("Hello again.")
        await people.write("Hello.", chat=8)
        await people.until("voice", chat=8)
        assert "6 characters today" in await people.told("/usage")
        assert "does not take the bot's key" in await people.told("/admin keys")
    _, unnamed = keyed_server.key()
    async with connected("aiogram", keyed_server.address, tmp_path, key=unnamed) as people:
        await people.write("Hello.")
        await people.until("voice")
