from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from routers.sockets.messages import Messages
from stts.errors import InvalidParameter, InvalidRequest


class Move(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["move"]
    to: Literal["left", "right"] = "left"
    steps: int = Field(default=1, ge=1)


class Stop(BaseModel):
    type: Literal["stop", "halt"]


class Say(BaseModel):
    type: Literal["say"]
    text: str


MESSAGES: Messages[Move | Stop] = Messages(Move, Stop)
HALVES: Messages[Move | Stop] = Messages(Move, Stop, half_characters=True)


def test_a_message_becomes_its_model() -> None:
    assert MESSAGES.parse('{"type": "move", "to": "right", "steps": 2}') == Move(type="move", to="right", steps=2)
    assert MESSAGES.parse('{"type": "halt"}') == Stop(type="halt")
    assert MESSAGES.types == ("move", "stop", "halt")


@pytest.mark.parametrize("text", ["", "secret", "{", "[" * 100_000, '{"type": NaN}', "[1]", '"secret"', "1" * 5000])
@pytest.mark.parametrize("messages", [MESSAGES, HALVES])
def test_what_is_no_object_is_refused(messages: Messages[Move | Stop], text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        messages.parse(text)
    assert "secret" not in caught.value.message


def test_halves_of_characters_come_through_where_texts_are_streamed() -> None:
    message = '{"type": "say", "text": "a\\ud83d"}'
    assert Messages(Say, half_characters=True).parse(message) == Say(type="say", text="a\ud83d")
    with pytest.raises(InvalidRequest):
        Messages(Say).parse(message)


@pytest.mark.parametrize("text", ["{}", '{"type": "secret"}', '{"type": ["secret"]}', '{"type": 3}'])
def test_an_unknown_type_is_told_with_those_that_exist(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        MESSAGES.parse(text)
    assert caught.value.param == "type" and caught.value.allowed == ["move", "stop", "halt"]
    assert "secret" not in caught.value.message


def test_a_wrong_field_is_named_with_what_it_may_be() -> None:
    with pytest.raises(InvalidParameter) as caught:
        MESSAGES.parse('{"type": "move", "to": "secret"}')
    assert caught.value.param == "to" and caught.value.allowed == ["left", "right"]
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("field", ['"steps": "secret"', '"steps": 0', '"sec ret": 1'])
def test_nothing_of_the_input_is_repeated(field: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        MESSAGES.parse('{"type": "move", ' + field + "}")
    assert "sec" not in caught.value.message and "sec" not in (caught.value.param or "")


@given(st.text())
def test_any_text_is_a_message_or_an_error_of_ours(text: str) -> None:
    with pytest.raises(InvalidRequest):
        MESSAGES.parse(text)
