"""Replies of the configured chat endpoint, as a session's delegation wants them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from routers.compat.live.delegation.context import joined
from routers.compat.live.responses_schemas import AllowedTools, FunctionChoice, ResponsesSettings
from stts.chat import ReplyConfig, Tool
from stts.settings import LiveSettings, Settings

ADAPTER = "openai"
HOSTED_MODEL = re.compile(r"(gpt-|chatgpt-|codex-|o\d)")
"""Names of the hosted service's models."""
HOSTED_ADDRESSES = ("openai.com", "azure.com")


def has_language_model(settings: Settings) -> bool:
    return settings.reply.adapter == ADAPTER


def verbatim(live: LiveSettings) -> bool:
    """Commentary is spoken as it stands, although a language model is there."""
    return live.commentary == "verbatim"


def responses_reply(responses: ResponsesSettings, instructions: str | None, settings: Settings) -> ReplyConfig:
    """`instructions`: those of the session, which stand before those of the delegation."""
    tools, choice = _tools(responses)
    return ReplyConfig(
        adapter=ADAPTER,
        model=_model(responses.model, settings),
        instructions=joined(instructions, responses.instructions),
        max_tokens=responses.max_output_tokens,
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=responses.parallel_tool_calls is not False,
    )


def _tools(responses: ResponsesSettings) -> tuple[tuple[Tool, ...], str]:
    """The tools that may be called, and auto, none, required or the name of one."""
    choice = responses.tool_choice or "auto"
    tools = responses.functions
    if isinstance(choice, AllowedTools):
        allowed = {each.name for each in choice.tools}
        tools, choice = [tool for tool in tools if tool.name in allowed], choice.mode
    wanted = choice.name if isinstance(choice, FunctionChoice) else choice
    return tuple(Tool(tool.name, tool.description or "", tool.parameters or {}) for tool in tools), wanted


def _model(asked: str, settings: Settings) -> str | None:
    """The model that is asked for; None: the configured one. A hosted name means that, but at the hosted service."""
    rule = settings.live.responses_model
    if rule == "configured" or (rule == "auto" and HOSTED_MODEL.match(asked) and not _is_hosted(settings)):
        return None
    return asked


def _is_hosted(settings: Settings) -> bool:
    host = urlsplit(settings.reply.base_url or "").hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in HOSTED_ADDRESSES)
