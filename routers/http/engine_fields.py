"""An engine that is unknown goes by the field in which the client has named it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from stts.conversation.services import SessionServices
from stts.errors import UnknownEngine

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@contextmanager
def engine_of(field: str) -> Iterator[None]:
    try:
        yield
    except UnknownEngine as error:
        error.param = field
        raise


def engines_named(services: SessionServices, *, stt: str = "stt", tts: str = "tts") -> SessionServices:
    """The parts of a session, with the names that its client has for the engines."""
    return replace(services, open=_named(stt, services.open), plan_speech=_named(tts, services.plan_speech))


def _named(field: str, ask: Callable[[Asked], Awaitable[Answer]]) -> Callable[[Asked], Awaitable[Answer]]:
    async def asked(config: Asked) -> Answer:
        with engine_of(field):
            return await ask(config)

    return asked
