"""Function calls of a language model that the app is to answer: which are open, and which batch lacks an output."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from stts.errors import InvalidParameter, InvalidRequest

MOST_REMEMBERED = 512
"""Calls; the oldest are forgotten, and their outputs then refused."""


@dataclass(slots=True)
class _Call:
    generation: int
    item: str
    """Id of the history's item that it is."""
    delegation: str | None
    answered: bool = False


class FunctionCalls:
    """Calls of one session, by their ids."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}

    def fresh_id(self, id: str) -> str:
        """The id, or another where the endpoint has used it before: some count from 0 in each reply."""
        return f"call_{secrets.token_hex(12)}" if id in self._calls else id

    def add(self, id: str, generation: int, item: str, delegation: str | None) -> None:
        self._calls[id] = _Call(generation, item, delegation)
        while len(self._calls) > MOST_REMEMBERED:
            del self._calls[next(iter(self._calls))]

    def answer(self, id: str) -> str | None:
        """Returns the delegation that it belongs to.

        Raises InvalidParameter for a call that there is not, that is void, or that was answered.
        """
        call = self._calls.get(id)
        if call is None:
            raise InvalidParameter("No such function call waits for its output.", param="item.call_id")
        if call.answered:
            raise InvalidParameter("This function call has its output.", param="item.call_id")
        call.answered = True
        return call.delegation

    def void(self, generation: int) -> list[str]:
        """Nobody waits for the outputs of a reply's calls any more. Returns the ids of their items."""
        void = [id for id, call in self._calls.items() if call.generation == generation and not call.answered]
        return [self._calls.pop(id).item for id in void]

    def check_complete(self, latest: int | None) -> None:
        """Raises InvalidRequest for a batch that is answered in part, and for that of the latest reply if it is not."""
        for generation in {call.generation for call in self._calls.values()}:
            missing = [id for id, call in self._of(generation) if not call.answered]
            begun = any(call.answered for _, call in self._of(generation))
            if missing and (begun or generation == latest):
                named = ", ".join(missing[:10])
                raise InvalidRequest(f"Function calls have no output yet: {named}. Send all, then `response.create`.")

    def _of(self, generation: int) -> Iterable[tuple[str, _Call]]:
        return [(id, call) for id, call in self._calls.items() if call.generation == generation]
