"""The priority class of a key: how urgent the work of its holder is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stts.access.key_text import KeyText
from stts.access.keys import PriorityClass
from stts.access.principal import ANONYMOUS, key_holder
from stts.context import Priority, caller_priority
from tests.stts.access.keys import new_key


@pytest.mark.parametrize(
    ("urgency", "asked", "given"),
    [
        (PriorityClass.NORMAL, Priority.COLLECTED, Priority.COLLECTED),
        (PriorityClass.INTERACTIVE, Priority.COLLECTED, Priority.STREAM),
        (PriorityClass.INTERACTIVE, Priority.REALTIME, Priority.REALTIME),
        (PriorityClass.BATCH, Priority.STREAM, Priority.BATCH),
        (PriorityClass.BATCH, Priority.REALTIME, Priority.BATCH),
    ],
)
def test_priority_of_a_key(urgency: PriorityClass, asked: Priority, given: Priority) -> None:
    assert caller_priority(key_holder(replace(new_key(KeyText.new()), priority=urgency)), asked) is given


def test_without_a_key_it_is_what_was_asked() -> None:
    assert caller_priority(ANONYMOUS, Priority.COLLECTED) is Priority.COLLECTED
