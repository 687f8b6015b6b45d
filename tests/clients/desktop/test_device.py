"""Devices are found by ids that stay, and none is played on twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clients.desktop.sound.device import NOTHING, SYSTEM, Choice, SoundFailed, find, named, targets
from tests.clients.desktop.sounding import CABLE, EARS, OTHER

ALL = (CABLE, EARS, OTHER)


def test_a_device_that_was_renamed_is_the_same() -> None:
    renamed = replace(CABLE, name="Cable (2)")
    assert find(Choice(CABLE.id, CABLE.name), (EARS, renamed)) == renamed


def test_another_of_the_same_name_is_another() -> None:
    twin = replace(CABLE, id="Test:cable.2")
    assert find(Choice(CABLE.id, CABLE.name), (EARS, twin)) is None


def test_the_choice_of_the_system_is_its_default() -> None:
    assert find(SYSTEM, ALL) == EARS
    assert find(SYSTEM, (CABLE,)) is None


def test_two_choices_of_one_device_are_one() -> None:
    found = targets([Choice(EARS.id), SYSTEM], ALL)
    assert (found.devices, found.same) == ((EARS,), True)
    found = targets([Choice(CABLE.id), SYSTEM], ALL)
    assert (found.devices, found.same) == ((CABLE, EARS), False)


def test_what_is_away_is_told_and_nothing_is_nothing() -> None:
    away = Choice("Test:gone", "Gone")
    found = targets([away, NOTHING, Choice(CABLE.id)], ALL)
    assert (found.devices, found.missing) == ((CABLE,), (away,))


@pytest.mark.parametrize("name", ["Test:cable", "cable", "Virtual cable", "virtual CABLE", "virt"])
def test_a_device_is_named_by_id_name_or_a_part(name: str) -> None:
    assert named(name, ALL) == CABLE


def test_a_name_of_none_or_of_several_is_told_with_those_that_are_there() -> None:
    with pytest.raises(SoundFailed, match=r"No device is called “piano”.*Headphones.*Test:ears"):
        named("piano", ALL)
    with pytest.raises(SoundFailed, match="More than one"):
        named("a", ALL)
    with pytest.raises(SoundFailed, match="none"):
        named("cable", ())
