"""The chain of audit entries: what is changed, removed, moved or replaced in it is found, and no secret is in it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stts.access.audit import START, Action, AuditEntry, AuditEvent, Fault, FaultKind, verify
from stts.access.audit_details import LEFT_OUT, MASK, key_changes, key_details
from stts.access.key_text import KeyText
from stts.access.roles import Role
from tests.stts.access.keys import new_key


def chain(length: int = 6) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(length):
        event = AuditEvent(at=1000.5 + number, actor="key:1", action=Action.ENGINE_LOAD, target=f"engine {number}")
        entries.append(AuditEntry.following(entries[-1].link if entries else START, event))
    return entries


def test_a_chain_holds() -> None:
    entries = chain()
    assert [each.sequence for each in entries] == [1, 2, 3, 4, 5, 6]
    assert verify(entries) is None and verify([]) is None
    assert verify(entries[3:], entries[2].link) is None


@pytest.mark.parametrize(
    "change",
    [
        {"at": 1002.6},
        {"actor": "key:2"},
        {"action": "engine.unload"},
        {"target": "engine 9"},
        {"details": {"x": 1}},
        {"id": "00"},
        {"hash": bytes(32)},
    ],
)
def test_a_changed_entry_is_found(change: dict[str, object]) -> None:
    entries = chain()
    entries[2] = replace(entries[2], **change)  # type: ignore[arg-type]
    assert verify(entries) == Fault(3, FaultKind.CHANGED)


def test_an_entry_that_was_made_anew_is_found_at_the_next() -> None:
    entries = chain()
    event = AuditEvent(at=1.0, actor="nobody", action=Action.ENGINE_LOAD)
    entries[2] = AuditEntry.following(entries[1].link, event)
    assert verify(entries) == Fault(4, FaultKind.DETACHED)


@pytest.mark.parametrize("removed", [0, 2, 4])
def test_a_removed_entry_is_found(removed: int) -> None:
    entries = chain()
    del entries[removed]
    assert verify(entries) == Fault(removed + 1, FaultKind.REMOVED)


def test_entries_in_another_order_are_found() -> None:
    entries = chain()
    entries[2], entries[3] = replace(entries[3], sequence=3), replace(entries[2], sequence=4)
    assert verify(entries) == Fault(3, FaultKind.REORDERED)
    entries = chain()
    assert verify([*entries, entries[2]]) == Fault(3, FaultKind.REORDERED)


def test_details_hold_no_secret_and_stay_small() -> None:
    key = KeyText.new()
    details = {
        "api_key": "hunter2",
        "realtime.secrets": {"old": 1, "new": 2},
        "reply.max_tokens": {"old": 1, "new": "2"},
        "security.api_key": {"old": None, "new": "hunter2"},
        "nested": {"password": "hunter2", "note": f"my key is {key}"},
        "role": Role.ADMIN,
        "text": "a\x00b\ud800" * 1000,
        "many": list(range(10_000)),
        "deep": [[[[[[[[[1]]]]]]]]],
        "number": float("nan"),
        "not text": {1: {"b", "a"}},
    }
    event = AuditEvent(at=1.0, actor=f"{key}", action=Action.CONFIG_CHANGE, target="x" * 5000, details=details)
    text = json.dumps(event.details, allow_nan=False)
    assert "hunter2" not in text and key.secret.decode() not in text + event.actor and key.id in text
    assert event.details["api_key"] == event.details["nested"]["password"] == MASK
    assert event.details["realtime.secrets"]["new"] == 2 and event.details["reply.max_tokens"]["new"] == "2"
    assert event.details["security.api_key"] == {"old": None, "new": MASK}
    assert event.details["role"] == "admin" and event.details["not text"] == {"1": ["a", "b"]}
    assert len(text) < 10_000 and len(event.target) == 200 and "\\u0000" not in text


def test_details_of_huge_mappings_stay_small() -> None:
    details = {str(one): {str(two): {str(three): 1 for three in range(50)} for two in range(50)} for one in range(50)}
    event = AuditEvent(at=1.0, actor="x", action=Action.CONFIG_CHANGE, details=details)
    assert len(json.dumps(event.details)) < 40_000 and event.details[LEFT_OUT] is True
    texts = {str(number): "x" * 10_000 for number in range(90)}
    event = AuditEvent(at=1.0, actor="x", action=Action.CONFIG_CHANGE, details=texts)
    assert len(json.dumps(event.details)) < 20_000 and event.details[LEFT_OUT] is True


def test_details_of_keys() -> None:
    key = new_key(KeyText.new(), name="laptop")
    assert key_details(key)["name"] == "laptop" and key_details(key)["role"] is Role.WRITE
    assert not {"secret_hash", "previous_hash"} & key_details(key).keys()
    changed = replace(key, name="phone", role=Role.ADMIN, version=2)
    assert key_changes(key, changed) == {
        "name": {"old": "laptop", "new": "phone"},
        "role": {"old": Role.WRITE, "new": Role.ADMIN},
    }
