from __future__ import annotations

from typing import Any

import pytest

from routers.websocket.stt.schemas import ListenFields
from stts.conversation.config import session_config
from stts.settings import Settings


@pytest.mark.parametrize(("fields", "silence"), [({}, 0.4), ({"silence_ms": 900}, 0.9)])
def test_silence_alone_ends_what_is_written_down(fields: dict[str, Any], silence: float) -> None:
    base = session_config(Settings.model_validate({"conversation": {"silence_seconds": 0.4}}))
    turns = ListenFields.model_validate(fields).over(base).turns
    assert base.turns is not None and base.turns.detector
    assert turns is not None and (turns.silence, turns.detector) == (silence, False)


def test_without_turn_detection_the_client_ends_turns() -> None:
    assert ListenFields(turn_detection=False).over(session_config(Settings())).turns is None
