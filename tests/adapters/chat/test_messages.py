from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.messages import PendingCalls, chat_messages, chat_tools
from stts.chat import Message, Tool, ToolCall

A, B = ToolCall("a", "look", '{"at": 1}'), ToolCall("b", "listen", "{}")


def user(text: str) -> Message:
    return Message("user", text)


def says(text: str, *calls: ToolCall) -> Message:
    return Message("assistant", text, calls)


def output(call: ToolCall, text: str = "done") -> Message:
    return Message("tool", text, call_id=call.call_id)


def shape(*messages: Message) -> list[tuple[Any, ...]]:
    """Role, content, and the ids of calls or of the call that is answered."""
    return [
        (
            each["role"],
            each["content"],
            *(call["id"] for call in each.get("tool_calls", ())),
            *filter(None, [each.get("tool_call_id")]),
        )
        for each in chat_messages("", messages)
    ]


def test_instructions_come_first_and_only_where_there_are_some() -> None:
    assert chat_messages("Be brief.", [user("hi")]) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
    ]
    assert chat_messages("", [Message("system", "note"), user("hi")])[0] == {"role": "system", "content": "note"}


def test_a_call_and_its_output() -> None:
    told = chat_messages("", [user("look"), says("", A), output(A, "a cat")])
    function = {"name": "look", "arguments": '{"at": 1}'}
    assert told[1:] == [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "a", "content": "a cat"},
    ]


def test_parallel_calls_are_one_message_with_their_outputs_behind_it() -> None:
    expected = [("assistant", "Let me see.", "a", "b"), ("tool", "done", "a"), ("tool", "done", "b")]
    assert shape(says("Let me see."), says("", A), says("", B), output(B), output(A)) == expected
    late = shape(says("Let me see.", A), says("", B), user("hurry"), output(A), output(B))
    assert late == [*expected, ("user", "hurry")]


def test_calls_one_after_the_other_stay_so() -> None:
    assert shape(says("", A), output(A), says("", B), output(B), says("It is done.")) == [
        ("assistant", None, "a"),
        ("tool", "done", "a"),
        ("assistant", None, "b"),
        ("tool", "done", "b"),
        ("assistant", "It is done."),
    ]


def test_what_lost_its_counterpart_is_left_out() -> None:
    assert shape(output(A), user("hi")) == [("user", "hi")]
    assert shape(says("", A), user("hi")) == [("user", "hi")]
    assert shape(says("Wait.", A, B), output(B), user("hi")) == [
        ("assistant", "Wait.", "b"),
        ("tool", "done", "b"),
        ("user", "hi"),
    ]


CALLS = [ToolCall(f"c{number}", "f", "{}") for number in range(3)]
MESSAGES = st.one_of(
    st.builds(user, st.sampled_from(["", "hi"])),
    st.builds(says, st.sampled_from(["", "yes"]), st.sampled_from(CALLS)),
    st.builds(says, st.just("no")),
    st.builds(output, st.sampled_from(CALLS)),
)


@given(st.lists(MESSAGES, max_size=12, unique_by=lambda each: (each.role, each.text, each.tool_calls, each.call_id)))
def test_every_call_has_its_output_right_behind_it_whatever_came_when(messages: list[Message]) -> None:
    due: list[str] = []
    for each in chat_messages("", messages):
        if each["role"] == "tool":
            assert due.pop(0) == each["tool_call_id"]
            continue
        assert due == []
        due = [call["id"] for call in each.get("tool_calls", ())]
        assert due or each["content"]
    assert due == []


def test_tools_and_only_what_differs_from_the_defaults() -> None:
    schema = {"type": "object", "properties": {}}
    tool = Tool("look", "Looks.", schema)
    function = {"name": "look", "description": "Looks.", "parameters": schema}
    assert chat_tools([], "required", parallel=False) == {}
    assert chat_tools([tool], "auto", parallel=True) == {"tools": [{"type": "function", "function": function}]}
    assert chat_tools([Tool("go")], "auto", parallel=True)["tools"][0]["function"] == {"name": "go"}


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("none", "none"),
        ("required", "required"),
        ("look", {"type": "function", "function": {"name": "look"}}),
    ],
)
def test_a_choice_of_tools(choice: str, told: object) -> None:
    members = chat_tools([Tool("look")], choice, parallel=False)
    assert (members["tool_choice"], members["parallel_tool_calls"]) == (told, False)


def test_calls_that_come_in_pieces() -> None:
    calls = PendingCalls()
    calls.add(0, "a", "look", "")
    calls.add(1, "b", "listen", '{"fo')
    calls.add(0, None, None, '{"at')
    calls.add(1, None, None, 'r": 2}')
    calls.add(0, "a", None, '": 1}')
    assert [*calls.complete()] == [A, ToolCall("b", "listen", '{"for": 2}')]


def test_endpoints_that_number_all_calls_alike_or_not_at_all() -> None:
    calls = PendingCalls()
    calls.add(0, "a", "look", '{"at": 1}')
    calls.add(0, "b", "listen", None)
    assert [*calls.complete()] == [A, B]
    nameless = PendingCalls()
    nameless.add(None, None, "look", "{}")
    nameless.add(1, "x", None, "{}")
    (call,) = nameless.complete()
    assert (call.name, call.call_id.startswith("call_")) == ("look", True)
