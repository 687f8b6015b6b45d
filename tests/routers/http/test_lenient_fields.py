from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from routers.compat.openai.schemas import CreateSpeechRequest
from routers.compat.openai.speech_stream_schemas import StreamConfig
from routers.core.conversation_schemas import ExchangeFields
from routers.core.tts_schemas import SpeechFields
from routers.http.lenient_fields import LenientFields
from routers.websocket.conversation.commands import ConnectFields
from routers.websocket.conversation_v1.schemas import V1Fields
from routers.websocket.stt.schemas import ListenFields
from routers.websocket.tts.schemas import SpeechConfig

SHAPES: dict[type[LenientFields], dict[str, Any]] = {
    SpeechFields: {"text": "Hello"},
    CreateSpeechRequest: {"model": "tts-1", "input": "Hello"},
    StreamConfig: {"type": "session.config"},
    SpeechConfig: {},
    ListenFields: {},
    ConnectFields: {},
    ExchangeFields: {},
    V1Fields: {},
}
"""Shape -> what it cannot do without."""
FREE_TEXT = {"input", "instructions", "text", "session", "type", "stream", "save", "model"}
"""Left as they are, or refused where they do not belong."""
CASES = [(shape, name) for shape in SHAPES for name, field in shape.model_fields.items() if name not in FREE_TEXT]


@pytest.mark.parametrize(("shape", "name"), CASES)
@pytest.mark.parametrize("value", [None, "", "auto", "AUTO", [None], [""]])
def test_an_optional_field_that_is_not_given(shape: type[LenientFields], name: str, value: Any) -> None:
    if "tuple" in str(shape.model_fields[name].annotation) and value is not None:
        return
    told = shape.model_validate({**SHAPES[shape], name: value})
    assert getattr(told, name) == getattr(shape.model_validate(SHAPES[shape]), name)


@pytest.mark.parametrize(
    ("shape", "name", "sent", "read"),
    [
        (SpeechFields, "format", "MP3", "mp3"),
        (SpeechFields, "format", ["Opus"], "opus"),
        (SpeechFields, "speed", [1.5], 1.5),
        (CreateSpeechRequest, "response_format", "WAV", "wav"),
        (CreateSpeechRequest, "stream_format", "SSE", "sse"),
        (ListenFields, "format", "PCMU", "pcmu"),
        (ListenFields, "encoding", "WebM", "webm"),
        (ConnectFields, "mode", "Text", "text"),
        (V1Fields, "response_mode", "Echo", "echo"),
    ],
)
def test_any_case_and_container(shape: type[LenientFields], name: str, sent: Any, read: Any) -> None:
    assert getattr(shape.model_validate({**SHAPES[shape], name: sent}), name) == read


@pytest.mark.parametrize(
    ("shape", "name", "value"),
    [
        (SpeechFields, "text", None),
        (SpeechFields, "format", "tape"),
        (SpeechFields, "speed", [1.0, 2.0]),
        (SpeechFields, "speed", "fast"),
        (CreateSpeechRequest, "input", None),
        (CreateSpeechRequest, "model", ""),
        (ListenFields, "rate", {"hz": 8000}),
    ],
)
def test_what_is_wrong_is_still_refused(shape: type[LenientFields], name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        shape.model_validate({**SHAPES[shape], name: value})
    assert refused.value.errors()[0]["loc"][0] == name
