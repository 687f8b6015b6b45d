"""Tracebacks without the words of users.

An exception's message often quotes what it choked on (`KeyError: 'Dear Anna'`), so only kinds that speak of the program
itself show theirs.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from stts.errors import STTSError

MOST_CAUSES = 8
"""Causes and contexts of one exception that are shown; the rest are further away than anybody looks."""
SPEAK_OF_THE_PROGRAM = (STTSError, ImportError, AttributeError, NameError, OSError, MemoryError)


def describe(error: BaseException, *, with_messages: bool) -> str:
    """A whole traceback, the first cause first, with causes, contexts and groups."""
    if with_messages:
        return "".join(traceback.format_exception(error)).rstrip()
    return "".join(_quiet(error, set())).rstrip()


def _quiet(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen and len(seen) < MOST_CAUSES:
        yield from _quiet(earlier, seen)
        yield "then:\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{_name(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield "member of the group:\n"
            yield from _quiet(member, seen)


def _name(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {error}" if isinstance(error, SPEAK_OF_THE_PROGRAM) else name
