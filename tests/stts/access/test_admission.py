"""Admission: what clients offer, and how wrong keys are slowed down without harm to others."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from stts.access.admission import Admission
from stts.access.directory import KeyDirectory
from stts.access.failures import LOOK_UP_SECONDS, LOOK_UPS, MOST_FAILURES, WINDOW_SECONDS, KeyFailures
from stts.access.key_text import KeyText
from stts.access.principal import ANONYMOUS, API_KEY_HOLDER, named_holders
from stts.access.roles import Role
from stts.errors import Forbidden, TooManyRequests, Unauthorized
from stts.settings.security import NamedKey, SecuritySettings
from tests.stts.access.keys import Clock, MemoryKeys, new_key

HOME, AWAY = "192.0.2.1", "198.51.100.7"


class World:
    def __init__(self) -> None:
        self.store, self.clock = MemoryKeys(), Clock()
        self.text = KeyText.new()
        self.store.put(new_key(self.text))
        self.directory = KeyDirectory(self.store.opened, lambda: 600.0, monotonic=self.clock)
        self.admission = Admission(b"the key", self.directory, KeyFailures(self.clock))

    async def name(self, *offered: str, address: str = HOME) -> str:
        return (await self.admission.admit([each.encode() for each in offered], address)).name

    async def slow_down(self) -> None:
        for _ in range(MOST_FAILURES):
            with pytest.raises(Unauthorized):
                await self.name(str(KeyText.new()))

    async def spend_look_ups(self) -> None:
        """Tries from a network that is slowed down until its keys are looked up no more."""
        for _ in range(LOOK_UPS):
            with pytest.raises(TooManyRequests):
                await self.name(str(KeyText.new()))


@pytest.fixture
async def world() -> World:
    world = World()
    await world.directory.catch_up()
    return world


async def test_without_keys_everybody_is_admitted() -> None:
    assert await Admission(None, None, KeyFailures()).admit([b"anything"], HOME) is ANONYMOUS


async def test_the_one_key_is_an_administrator(world: World) -> None:
    assert await world.admission.admit([b"the key"], HOME) is API_KEY_HOLDER


async def test_a_key_of_its_own_is_named_by_its_id(world: World) -> None:
    assert await world.name(str(world.text)) == f"key:{world.text.id}"
    assert await world.name("something else", str(world.text)) == f"key:{world.text.id}"


async def test_keys_that_operators_have_chosen_have_names_and_roles() -> None:
    keys = {"phones": NamedKey(key=SecretStr("p"), role="read"), "desk": NamedKey(key=SecretStr("d"))}
    holders = named_holders(SecuritySettings(named_keys=keys))
    admission = Admission(None, None, KeyFailures(), holders)
    assert not admission.is_open
    reader = await admission.admit([b"wrong", b"p"], HOME)
    assert (reader.name, reader.role) == ("named:phones", Role.READ)
    assert (await admission.admit([b"d"], HOME)).role is Role.WRITE
    for offered in ([], [b"pd"], [b""]):
        with pytest.raises(Unauthorized):
            await admission.admit(offered, HOME)


@pytest.mark.parametrize("offered", ["", "the keyX", "stts_", "x" * 10_000, "stts_0123456789ab_" + "c" * 64, "\udcff"])
async def test_anything_else_is_refused(world: World, offered: str) -> None:
    with pytest.raises(Unauthorized):
        await world.admission.admit([offered.encode("utf-8", "surrogateescape")], HOME)


async def test_no_key_is_refused_and_not_counted(world: World) -> None:
    for _ in range(2 * MOST_FAILURES):
        with pytest.raises(Unauthorized, match="wants a key"):
            await world.admission.admit([], HOME)


async def test_many_wrong_keys_are_slowed_down_and_harm_nobody_else(world: World) -> None:
    await world.slow_down()
    await world.spend_look_ups()
    lookups = world.store.lookups
    with pytest.raises(TooManyRequests) as caught:
        await world.name(str(KeyText.new()))
    assert caught.value.retry_after == pytest.approx(WINDOW_SECONDS)
    with pytest.raises(TooManyRequests):
        await world.name(str(KeyText.new(world.text.id)))
    assert world.store.lookups == lookups, "the database is not asked for whoever guesses"
    assert await world.name(str(world.text)) == f"key:{world.text.id}"
    with pytest.raises(Unauthorized):
        await world.name(str(KeyText.new()), address=AWAY)
    world.clock.now += WINDOW_SECONDS
    with pytest.raises(Unauthorized):
        await world.name(str(KeyText.new()))


async def test_a_key_works_from_its_networks_only(world: World) -> None:
    text = KeyText.new()
    world.store.put(new_key(text, allowed_addresses=("192.0.2.0/24", "fd00::/8")))
    assert await world.name(str(text), address="192.0.2.77")
    assert await world.name(str(text), address="::ffff:192.0.2.77")
    assert await world.name(str(text), address="fd12::1")
    for address in (AWAY, "", "unix"):
        with pytest.raises(Forbidden, match="does not work from this address"):
            await world.name(str(text), address=address)


async def test_a_new_key_works_from_a_network_that_is_slowed_down(world: World) -> None:
    """Memory does not know it for some seconds, and behind a proxy of the same machine all clients are one network."""
    await world.slow_down()
    made = KeyText.new()
    world.store.put(new_key(made))
    assert await world.name(str(made)) == f"key:{made.id}"


async def test_a_slowed_network_asks_the_database_a_few_times_a_second(world: World) -> None:
    await world.slow_down()
    before = world.store.lookups
    for _ in range(3):
        await world.spend_look_ups()
    assert world.store.lookups - before == LOOK_UPS
    world.clock.now += LOOK_UP_SECONDS
    await world.spend_look_ups()
    assert world.store.lookups - before == 2 * LOOK_UPS
