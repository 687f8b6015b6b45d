from __future__ import annotations

from routers.websocket.conversation_v1.encoder import EventEncoder
from stts.conversation.events import ReplyStarted, ReplyWarned, SessionEvent, TurnMetrics


def answered(*events: SessionEvent) -> dict[str, object]:
    encoder = EventEncoder("r")
    told = (ReplyStarted(1, 1, "a", True), *events, TurnMetrics(1, 1, 10.0, 20.0, 30.0, 40.0))
    (message,) = [message for event in told for message in encoder.to_messages(event, whole=True)]
    return message


def test_an_answer_tells_what_is_otherwise_than_asked() -> None:
    assert answered(ReplyWarned(1, "b stands in."))["warnings"] == ["b stands in."]
    assert "warnings" not in answered()
