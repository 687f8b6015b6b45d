"""Sessions whose turns are delegated to the chat endpoint, in virtual time: order of events, calls, interruptions."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from stts.chat import Message, ReplyUsage, Tool, ToolCall
from stts.conversation.config import SessionConfig
from stts.errors import Busy, InvalidParameter, ReplyFailed
from stts.settings import LiveSettings, ReplySettings, Settings
from tests.routers.compat.live.delegation.line import Event, Model, calling
from tests.virtual import now, virtual

TOOLS = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("look", "listen")]


def settings(**live: Any) -> Settings:
    reply = ReplySettings(adapter="openai", base_url="http://127.0.0.1:9/v1", model="ours")
    return Settings(reply=reply, live=LiveSettings(**live))


def responses(**fields: Any) -> Event:
    return {"type": "responses", "responses": {"model": "gpt-5-mini", **fields}}


def phone(llm: Model, **fields: Any) -> Any:
    return calling(llm, settings(), delegation=responses(**fields), instructions="Be kind.")


@virtual
async def test_a_turn_is_a_response_that_is_spoken_while_it_is_written() -> None:
    model = Model()
    model.scripts.append(["one two three", 2.0, "four", ReplyUsage(11, 7)])
    async with phone(model) as line:
        await line.say(0.9)
        created = await line.until("session.delegation.created")
        completed = await line.response("completed")
        assert line.spoken().startswith("one two")
        await line.heard_out()
        assert line.spoken() == "one two three four"
        order = line.order()
    assert order[: order.index("session.delegation.created") + 5] == [
        "session.started",
        "session.input_transcript.delta",
        "session.delegation.created",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    delegation = created["delegation"]
    assert (delegation["target"], delegation["type"]) == ("responses", "delegation")
    snapshot = completed["event"]["response"]
    assert snapshot["id"] == delegation["response_id"]
    assert {event["delegation_id"] for event in line.of("response.event")} == {delegation["id"]}
    assert (snapshot["output"], snapshot["model"], snapshot["status"]) == ([], "gpt-5-mini", "completed")
    assert [snapshot["usage"][f"{side}_tokens"] for side in ("input", "output", "total")] == [11, 7, 18]
    done = next(event for event in line.responses() if event["type"] == "response.output_item.done")
    assert done["item"]["content"][0]["text"] == "one two three four "
    assert [event["sequence_number"] for event in line.responses()] == list(range(len(line.responses())))
    asked = model.replies[0]
    assert asked.messages == (Message("user", "word0 word1 word2"),)
    assert (asked.config.model, asked.config.instructions, asked.config.adapter) == (None, "Be kind.", "openai")


@virtual
async def test_functions_are_called_answered_and_the_response_goes_on() -> None:
    model = Model()
    calls = ToolCall("call_0", "look", '{"at":"it"}'), ToolCall("call_1", "listen", "{}")
    model.scripts += [["Let me see.", *calls], ["It is there"]]
    async with phone(model, tools=TOOLS) as line:
        await line.say(0.9)
        created = await line.until("session.delegation.created")
        await line.response("completed")
        done = [e["item"] for e in line.responses() if e["type"] == "response.output_item.done"]
        assert [(item["type"], item["status"]) for item in done] == [
            ("message", "completed"),
            ("function_call", "completed"),
            ("function_call", "completed"),
        ]
        assert [(item["call_id"], item["name"], item["arguments"]) for item in done[1:]] == [
            ("call_0", "look", '{"at":"it"}'),
            ("call_1", "listen", "{}"),
        ]
        output = {"type": "function_call_output", "output": "a cat"}
        line.command("response.item.create", item={**output, "call_id": "call_0"})
        line.command("response.create", event_id="early")
        refused = (await line.until("error"))["error"]
        assert (refused["type"], refused["client_event_id"]) == ("invalid_request_error", "early")
        assert "call_1" in refused["message"]
        line.command("response.item.create", item={**output, "call_id": "call_1", "output": [{"text": "a purr"}]})
        line.command("response.create")
        second = await line.response("completed")
        await line.heard_out()
        assert line.spoken() == "Let me see. It is there"
    assert second["delegation_id"] == created["delegation"]["id"]
    assert second["event"]["response"]["id"] != created["delegation"]["response_id"]
    assert len(line.of("session.delegation.created")) == 1
    told = model.replies[1].messages
    assert [(each.role, each.call_id) for each in told[-2:]] == [("tool", "call_0"), ("tool", "call_1")]
    assert told[-1].text == "a purr"
    assert model.replies[0].config.tools == tuple(Tool(name, "", {"type": "object"}) for name in ("look", "listen"))


@virtual
async def test_an_acknowledgement_is_said_while_the_app_works_on_functions() -> None:
    for delay, said in ((500, "One moment."), (30_000, ""), (0, "")):
        model = Model()
        model.scripts += [[1.0, ToolCall("call_0", "look", "{}")]]
        delegation = {**responses(tools=TOOLS), "acknowledgement_delay_ms": delay}
        async with calling(model, settings(acknowledgement="One moment."), delegation=delegation) as line:
            await line.say(0.9)
            await line.response("completed")
            await asyncio.sleep(5)
            assert line.spoken() == said


@virtual
async def test_an_acknowledgement_is_dropped_by_what_the_model_writes_and_the_app_sends() -> None:
    output = {"type": "function_call_output", "call_id": "call_0", "output": "1"}
    for written, thought in (("I look.", False), ("", True)):
        model = Model()
        model.scripts += [[written, ToolCall("call_0", "look", "{}")], ["seen"]]
        delegation = {**responses(tools=TOOLS), "acknowledgement_delay_ms": 3000}
        async with calling(model, settings(), delegation=delegation) as line:
            await line.say(0.9)
            await line.response("completed")
            if thought:
                line.command("session.thinking.append", content="It works on it.", delegation_id=None)
            await asyncio.sleep(6)
            line.command("response.item.create", item=output)
            line.command("response.create")
            await line.response("completed")
            await line.heard_out()
            assert line.spoken().split() == [*written.split(), "seen"]


@virtual
async def test_an_update_that_fails_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with phone(Model()) as line:

        async def fails(config: SessionConfig) -> None:
            raise Busy("No place.")

        monkeypatch.setattr(line.session.state.core, "configure", fails)
        line.command("session.update", session={"delegation": responses(model="gpt-9")})
        await line.until("error")
        monkeypatch.undo()
        await line.say(0.9)
        assert (await line.response("completed"))["event"]["response"]["model"] == "gpt-5-mini"


@virtual
async def test_a_wrong_value_of_an_update_is_told_by_its_own_name() -> None:
    async with phone(Model()) as line:
        line.command("session.update", session={"delegation": responses(max_output_tokens=15)})
        error = (await line.until("error"))["error"]
        assert error["param"] == "session.delegation.responses.max_output_tokens"
        schema = {"type": "object", "description": "x" * 300_000}
        line.command("session.update", session={"delegation": responses(tools=[{**TOOLS[0], "parameters": schema}])})
        assert "262144" in (await line.until("error"))["error"]["message"]


@virtual
async def test_outputs_are_taken_once_and_only_for_calls_that_wait() -> None:
    model = Model()
    model.scripts += [[ToolCall("call_0", "look", "{}")], [ToolCall("call_0", "look", "{}")], ["seen"]]
    async with phone(model, tools=TOOLS) as line:
        line.command("response.item.create", item={"type": "function_call_output", "call_id": "x", "output": ""})
        assert (await line.until("error"))["error"]["param"] == "item.call_id"
        await line.say(0.9)
        await line.response("completed")
        first = {"type": "function_call_output", "call_id": "call_0", "output": "1"}
        line.command("response.item.create", item=first)
        line.command("response.item.create", item=first)
        assert "has its output" in (await line.until("error"))["error"]["message"]
        line.command("response.create")
        again = await line.response("output_item.done")
        assert again["event"]["item"]["call_id"] != "call_0", "the endpoint's second call has an id of its own"
        await line.response("completed")
        line.command("response.item.create", item={**first, "call_id": again["event"]["item"]["call_id"]})
        line.command("response.create")
        await line.response("completed")
        await line.heard_out()
        assert line.spoken() == "seen"


@virtual
async def test_an_interruption_ends_the_response_and_voids_its_calls() -> None:
    model = Model()
    model.scripts += [
        ["a long reply that goes on and on and on", 30.0, "never", ToolCall("call_0", "look", "{}")],
        ["yes"],
    ]
    async with phone(model, tools=TOOLS) as line:
        await line.say(0.9)
        await line.until("session.output_transcript.delta")
        onset = now()
        await line.say(0.9)
        cut = await line.response("incomplete")
        await line.response("completed")
        await line.heard_out()
        spoken = line.spoken()
        line.command("response.item.create", item={"type": "function_call_output", "call_id": "call_0", "output": ""})
        assert (await line.until("error"))["error"]["param"] == "item.call_id"
    assert cut["event"]["response"]["incomplete_details"] is None
    assert spoken.startswith("a long") and spoken.endswith("yes") and "never" not in spoken
    before, after = next(pair for pair in pairwise(line.loud) if pair[1] > onset + 0.9)
    assert before < onset + 0.7
    assert after - before > 0.3
    heard = next(each for each in model.replies[-1].messages if each.role == "assistant").text
    assert "a long reply".startswith(heard[:12]) and "on and on and on" not in heard
    assert len(line.of("session.delegation.created")) == 2


@virtual
async def test_what_the_app_asks_for_waits_until_nobody_speaks_and_belongs_to_no_delegation() -> None:
    model = Model()
    model.scripts += [["one two three four five"], ["six"]]
    async with phone(model) as line:
        await line.say(0.9)
        await line.until("session.output_transcript.delta")
        item = {"role": "developer", "content": [{"type": "input_text", "text": "Say six."}]}
        line.command("response.item.create", item=item)
        line.command("response.create")
        line.command("response.create", event_id="twice")
        assert (await line.until("error"))["error"]["client_event_id"] == "twice"
        created = await line.response("created")
        if created["delegation_id"] is not None:
            created = await line.response("created")
        await line.response("completed")
        await line.heard_out()
        assert line.spoken() == "one two three four five six"
    assert created["delegation_id"] is None
    assert Message("system", "Say six.") in model.replies[1].messages


@virtual
@pytest.mark.parametrize("script", [[ReplyFailed("down")], ["one two", 1.0, ReplyFailed("broken")]])
async def test_a_failure_of_the_endpoint_is_told_and_the_session_goes_on(script: list[Any]) -> None:
    model = Model()
    model.scripts.append(script)
    async with phone(model) as line:
        await line.say(0.9)
        error = (await line.until("error"))["error"]
        failed = await line.response("failed")
        await line.say(0.9)
        await line.response("completed")
        await line.heard_out()
        assert line.spoken().endswith("fine")
    assert failed["event"]["response"]["error"]["message"] == error["message"] == script[-1].message
    assert isinstance(error["code"], str)


@virtual
async def test_arguments_that_nobody_can_read_fail_the_response() -> None:
    model = Model()
    model.scripts.append([ToolCall("good", "look", "{}"), ToolCall("bad", "look", '{"at":'), ReplyUsage(1, 1)])
    async with phone(model, tools=TOOLS) as line:
        await line.say(0.9)
        await line.response("failed")
        done = [e["item"]["status"] for e in line.responses() if e["type"] == "response.output_item.done"]
        line.command("response.item.create", item={"type": "function_call_output", "call_id": "good", "output": ""})
        assert (await line.until("error"))["error"]["param"] == "item.call_id"
        assert not any(item.message.tool_calls for item in line.session.state.core.history.items)
    assert done == ["completed", "incomplete"]


@virtual
async def test_a_reply_that_grew_too_long_is_incomplete() -> None:
    model = Model()
    model.scripts.append(["too long", ReplyUsage(5, 16, cut=True)])
    async with phone(model, max_output_tokens=16) as line:
        await line.say(0.9)
        cut = await line.response("incomplete")
        await line.heard_out()
        assert line.spoken() == "too long"
    assert cut["event"]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert model.replies[0].config.max_tokens == 16


@virtual
async def test_appends_and_updates_hold_for_the_replies_that_follow() -> None:
    model = Model()
    async with phone(model, tools=TOOLS, instructions="Work.", parallel_tool_calls=False) as line:
        line.command("session.thinking.append", content="It rains.", delegation_id=None)
        line.command("session.instructions.append", content="Rhyme.", delegation_id=None)
        line.command("session.commentary.append", content="Greet the caller now.", delegation_id=None)
        created = await line.response("created")
        assert created["delegation_id"] is None
        await line.response("completed")
        await line.heard_out()
        assert line.spoken() == "fine"
        line.command("session.commentary.append", content="x", delegation_id="delegation_1")
        assert (await line.until("error"))["error"]["param"] == "delegation_id"
        update = {"responses": {"tool_choice": {"type": "function", "name": "look"}, "text": {"verbosity": "low"}}}
        line.command("session.update", session={"delegation": update})
        updated = (await line.until("session.updated"))["session"]["delegation"]["responses"]
        assert "text" not in updated and updated["model"] == "gpt-5-mini"
        assert "text" in (await line.until("info"))["message"]
        await line.say(0.9)
        await line.response("completed")
    config = model.replies[-1].config
    assert (config.tool_choice, config.parallel_tool_calls, config.instructions) == ("look", False, "Be kind.\n\nWork.")
    texts = [each.text for each in model.replies[0].messages]
    assert [text.splitlines()[-1] for text in texts] == ["It rains.", "Rhyme.", "Greet the caller now."]


@virtual
async def test_commentary_is_read_out_where_the_operator_wants_it_verbatim() -> None:
    model = Model()
    async with calling(model, settings(commentary="verbatim"), delegation=responses()) as line:
        line.command("session.commentary.append", content="Your table is booked.", delegation_id=None)
        await line.until("session.output_transcript.delta")
        await line.heard_out()
        assert line.spoken() == "Your table is booked."
    assert not model.replies
    assert not line.of("response.event")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_output_tokens": 15}, "session.delegation.responses.max_output_tokens"),
        ({"model": None}, "session.delegation.responses.model"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "session.delegation.responses.tools.0.name"),
        ({"tools": [{"name": "a"}]}, "session.delegation.responses.tools.0.type"),
        ({"tool_choice": "look"}, "session.delegation.responses.tool_choice"),
        ({"tool_choice": {"type": "web_search"}}, "session.delegation.responses.tool_choice"),
        ({"tool_choice": {"type": "function", "name": "look"}}, "session.delegation.responses"),
        ({"tools": TOOLS + TOOLS}, "session.delegation.responses"),
        ({"tool_choice": "required"}, "session.delegation.responses"),
    ],
)
@virtual
async def test_settings_that_make_no_sense_are_refused(fields: Event, param: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        async with phone(Model(), **fields):
            pass
    assert refused.value.param == param


@virtual
async def test_tools_of_the_hosted_service_are_ignored_and_told() -> None:
    model = Model()
    fields = {"tools": [{"type": "web_search"}, *TOOLS], "reasoning": {"effort": "low"}}
    async with phone(model, **fields) as line:
        told = (await line.until("info"))["message"]
        assert "session.delegation.responses.tools (web_search)" in told
        assert "session.delegation.responses.reasoning" in told
        session = line.of("session.started")[0]["session"]
        assert [tool["name"] for tool in session["delegation"]["responses"]["tools"]] == ["look", "listen"]


@virtual
async def test_without_a_language_model_there_are_no_responses() -> None:
    with pytest.raises(InvalidParameter) as refused:
        async with calling(Model(), Settings(), delegation=responses()):
            pass
    assert refused.value.param == "session.delegation.type"
