"""Delivery: pauses are kept, a messenger that is away is asked again, and a refusal is told."""

from __future__ import annotations

import asyncio

import pytest

from clients.chat.starting import Rejected
from clients.telegram.delivery import TRIES, Delivery
from clients.telegram.messenger import Button, Flooded, Moved, Undeliverable, VoiceNote
from tests.clients.telegram.in_memory import InMemory
from tests.virtual import virtual


@virtual
async def test_a_pause_is_kept_as_long_as_it_is_wanted() -> None:
    messenger = InMemory()
    messenger.failures.extend([Flooded(3), Flooded(7)])
    await Delivery(messenger).send_text(1, "Hello")
    assert messenger.texts == [(1, "Hello")]
    assert asyncio.get_running_loop().time() == pytest.approx(10)


@virtual
async def test_others_do_not_wait_for_a_chat_that_pauses_and_signs_of_work_are_left_out() -> None:
    messenger = InMemory()
    delivery = Delivery(messenger)
    messenger.failures.append(Flooded(30))
    await delivery.show(1, "typing")
    await delivery.show(1, "typing")
    await delivery.send_text(2, "Hello")
    assert asyncio.get_running_loop().time() == 0
    await delivery.send_text(1, "Hello")
    assert asyncio.get_running_loop().time() == pytest.approx(30)
    assert messenger.actions == []


@virtual
async def test_a_messenger_that_is_away_is_asked_again_and_given_up_in_the_end() -> None:
    messenger = InMemory()
    delivery = Delivery(messenger)
    messenger.failures.extend([ConnectionError()] * (TRIES - 1))
    await delivery.send_text(1, "Hello")
    assert messenger.texts == [(1, "Hello")]
    messenger.failures.extend([ConnectionError()] * TRIES)
    with pytest.raises(Undeliverable, match="cannot be reached"):
        await delivery.send_text(1, "Hello")


@virtual
async def test_a_pause_of_hours_is_no_pause() -> None:
    messenger = InMemory()
    messenger.failures.append(Flooded(7200))
    with pytest.raises(Undeliverable, match="7200 s"):
        await Delivery(messenger).send_text(1, "Hello")


async def test_a_chat_that_has_moved_is_found_once_and_for_all() -> None:
    messenger = InMemory()
    delivery = Delivery(messenger)
    messenger.failures.append(Moved(-100))
    await delivery.send_text(-1, "Hello")
    await delivery.send_text(-1, "again")
    assert messenger.texts == [(-100, "Hello"), (-100, "again")]
    messenger.failures.extend([Moved(-100)] * 2)
    with pytest.raises(Undeliverable, match="without an end"):
        await delivery.send_text(-1, "Hello")


async def test_an_answer_to_what_is_gone_comes_all_the_same_and_a_refusal_stays_one() -> None:
    messenger = InMemory()
    messenger.failures.append(Undeliverable("no such message"))
    await Delivery(messenger).send_voice(1, VoiceNote(b"", 1), replies_to=5)
    assert len(messenger.voices) == 1
    messenger.failures.append(Undeliverable("blocked"))
    with pytest.raises(Undeliverable, match="blocked"):
        await Delivery(messenger).send_text(1, "Hello")


async def test_a_long_text_comes_in_parts_whose_last_one_has_the_buttons() -> None:
    messenger = InMemory()
    await Delivery(messenger).send_text(1, "word " * 1000, buttons=[[Button("Yes", "yes:1")]])
    assert [len(text) for _, text in messenger.texts] == [4094, 904]
    assert messenger.buttons == [(), [[Button("Yes", "yes:1")]]]
    await Delivery(messenger).send_text(1, " \n ")
    assert messenger.texts[-1] == (1, "…")


@pytest.mark.parametrize("failure", [Flooded(9), Undeliverable("gone"), Moved(2), Rejected("no"), ConnectionError()])
async def test_what_tells_of_work_is_worth_no_pause_and_no_failure(failure: Exception) -> None:
    messenger = InMemory()
    delivery = Delivery(messenger)
    messenger.failures.append(failure)
    await delivery.update_text(1, 2, "Part 2 of 3")
    messenger.failures.clear()
    await delivery.take_back(3, 2)
    assert await delivery.try_text(3, "Part 1 of 3") == 1
