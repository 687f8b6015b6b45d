"""Sessions whose language model talks and delegates to the app, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from stts.chat import ToolCall
from stts.settings import LiveSettings, ReplySettings, Settings
from tests.routers.compat.live.delegation.line import Model, calling
from tests.virtual import now, virtual

DELEGATE = ToolCall("call_0", "delegate", "{}")
PROMPT = "Reply to the caller now, with a short greeting."


def settings(**live: Any) -> Settings:
    return Settings(reply=ReplySettings(adapter="openai", base_url="http://x/v1"), live=LiveSettings(**live))


@virtual
async def test_the_model_talks_and_delegates_only_what_it_wants_done() -> None:
    model = Model()
    model.scripts += [["Hello there"], ["I look it up", DELEGATE], ["A table at eight"]]
    async with calling(model, settings(), instructions="You are Ada.") as line:
        await line.say(0.9)
        await line.until("session.output_transcript.delta")
        await line.heard_out()
        assert not line.of("session.delegation.created")
        await line.say(0.9)
        created = await line.until("session.delegation.created")
        assert created["delegation"].keys() == {"id", "type", "target"}
        assert created["delegation"]["target"] == "client"
        id = created["delegation"]["id"]
        line.command("session.thinking.append", content="The guest likes windows.", delegation_id=id)
        line.command("session.commentary.append", content="booked 20:00", delegation_id=id)
        await line.until("session.commentary.appended")
        await line.until("session.output_transcript.delta", lambda event: event["delta"].endswith("eight"))
        await line.heard_out()
        assert line.spoken() == "Hello there I look it up A table at eight"
        order = line.order()
    first = order.index("session.delegation.created")
    assert order[first - 1] in ("session.input_transcript.delta", "session.output_transcript.delta")
    asked = model.replies
    assert [request.config.tool_choice for request in asked] == ["auto", "auto", "none"]
    assert asked[0].config.instructions is not None
    assert asked[0].config.instructions.startswith("You are Ada.\n\n")
    told = asked[2].messages
    calls = [each for each in told if each.tool_calls]
    outputs = [each for each in told if each.role == "tool"]
    assert len(calls) == len(outputs) == 1
    assert calls[0].tool_calls[0].call_id == outputs[0].call_id != "call_0"
    assert [each.text.splitlines()[-1] for each in told[-2:]] == ["The guest likes windows.", "booked 20:00"]


@virtual
async def test_a_prompt_that_comes_as_commentary_is_not_read_out() -> None:
    model = Model()
    model.scripts.append(["Good morning"])
    async with calling(model, settings()) as line:
        line.command("session.commentary.append", content=PROMPT, delegation_id=None)
        await line.until("session.output_transcript.delta")
        await line.heard_out()
        assert line.spoken() == "Good morning"


@virtual
async def test_commentary_is_read_out_where_the_operator_wants_it_verbatim() -> None:
    model = Model()
    async with calling(model, settings(commentary="verbatim")) as line:
        line.command("session.commentary.append", content="Booked.", delegation_id=None)
        await line.until("session.output_transcript.delta")
        await line.heard_out()
        assert line.spoken() == "Booked."
    assert not model.replies


@virtual
async def test_commentaries_that_come_while_somebody_speaks_are_one_reply() -> None:
    model = Model()
    model.scripts += [["one two three four five"], ["both"]]
    async with calling(model, settings()) as line:
        await line.say(0.9)
        await line.until("session.output_transcript.delta")
        for content in ("first", "second"):
            line.command("session.commentary.append", content=content, delegation_id=None)
        await line.until("session.output_transcript.delta", lambda event: event["delta"].endswith("both"))
        await line.heard_out()
        await asyncio.sleep(3)
    assert len(model.replies) == 2
    assert [each.text.splitlines()[-1] for each in model.replies[1].messages[-2:]] == ["first", "second"]


@virtual
async def test_commentary_that_the_user_talks_over_is_part_of_the_reply_to_that() -> None:
    model = Model()
    model.scripts += [["a long reply that goes on and on"], ["with the news"]]
    async with calling(model, settings()) as line:
        await line.say(0.9)
        await line.until("session.output_transcript.delta")
        line.command("session.commentary.append", content="news", delegation_id=None)
        await line.say(0.9)
        await line.until("session.output_transcript.delta", lambda event: event["delta"].endswith("news"))
        await line.heard_out()
        await asyncio.sleep(3)
    assert len(model.replies) == 2
    assert any(each.text.endswith("news") for each in model.replies[1].messages)


@virtual
async def test_functions_that_there_are_not_delegate_nothing() -> None:
    model = Model()
    model.scripts.append([ToolCall("call_0", "fly", "{"), DELEGATE, DELEGATE])
    async with calling(model, settings()) as line:
        await line.say(0.9)
        await line.until("session.delegation.created")
        await line.say(0.9)
        await line.heard_out()
        assert len(line.of("session.delegation.created")) == 1
    outputs = [each for each in model.replies[1].messages if each.role == "tool"]
    assert len(outputs) == 3
    assert {call.arguments for each in model.replies[1].messages for call in each.tool_calls} == {"{}"}


@virtual
async def test_delegations_that_nobody_answers_leave_nothing() -> None:
    model = Model()
    async with calling(model, settings(), delegation={"type": "client", "acknowledgement_delay_ms": 60_000}) as line:
        for _ in range(20):
            model.scripts.append([DELEGATE])
            await line.say(0.9)
            await line.heard_out()
        assert len(line.of("session.delegation.created")) == 20
        tasks = [task for task in asyncio.all_tasks() if task.get_name() == "acknowledgement"]
        assert len(tasks) <= 1


@virtual
async def test_an_acknowledgement_is_said_where_the_app_takes_its_time() -> None:
    for setting in (settings(), Settings()):  # with a language model, and without
        model = Model()
        model.scripts.append([DELEGATE])
        async with calling(model, setting, delegation={"type": "client", "acknowledgement_delay_ms": 1500}) as line:
            await line.say(0.9)
            await line.until("session.delegation.created")
            at = now()
            await line.until("session.output_transcript.delta")
            assert 0.9 < now() - at < 2.6
            await line.heard_out()
            assert line.spoken() == "One moment."


@virtual
async def test_an_acknowledgement_is_dropped_when_the_app_or_the_user_says_something() -> None:
    for append in ("thinking", None):
        model = Model()
        model.scripts.append([DELEGATE])
        async with calling(model, settings(), delegation={"type": "client", "acknowledgement_delay_ms": 1500}) as line:
            await line.say(0.9)
            await line.until("session.delegation.created")
            if append is not None:
                line.command(f"session.{append}.append", content="x", delegation_id=None)
            else:
                await line.say(0.9)
            await asyncio.sleep(5)
            assert "moment" not in line.spoken()


@virtual
async def test_responses_are_not_for_clients_that_are_the_backend() -> None:
    async with calling(Model(), settings()) as line:
        line.command("response.create", event_id="e1")
        error = (await line.until("error"))["error"]
    assert (error["type"], error["client_event_id"]) == ("invalid_request_error", "e1")
    assert "`responses`" in error["message"]
