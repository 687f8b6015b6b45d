"""Local reply adapters (echo, template), which need no language model."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from stts.chat import Message, ReplyConfig, ReplyEvent, ReplyText
from stts.context import RequestContext
from stts.settings import CurrentSettings

WORDS = re.compile(r"\s*\S+|\s+\Z")


class EchoReply:
    """Replies with the user's own words."""

    async def reply(
        self, messages: tuple[Message, ...], config: ReplyConfig, context: RequestContext
    ) -> AsyncGenerator[ReplyEvent, None]:
        for word in WORDS.findall(heard(messages)):
            yield ReplyText(word)


class TemplateReply:
    """Replies with `reply.template`, the user's words in place of `{text}`; nothing else in it is replaced."""

    def __init__(self, settings: CurrentSettings) -> None:
        self._settings = settings

    async def reply(
        self, messages: tuple[Message, ...], config: ReplyConfig, context: RequestContext
    ) -> AsyncGenerator[ReplyEvent, None]:
        text = self._settings().reply.template.replace("{text}", heard(messages))
        for word in WORDS.findall(text):
            yield ReplyText(word)


def heard(messages: tuple[Message, ...]) -> str:
    """The last message of the user."""
    return next((message.text for message in reversed(messages) if message.role == "user"), "")
