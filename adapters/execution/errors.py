"""Translates foreign exceptions into errors of this server: one table, by name, so that nothing is imported for it.

The message for the client is ours alone: a foreign message may quote the user's text, and stays in `__cause__`. The end
of a child process is not here: it is no exception of the engine, and `process.py` sees it as the end of its pipe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from stts.engine_api import Engine
from stts.errors import (
    EngineAccessDenied,
    EngineCrashed,
    EngineError,
    EngineLoadFailed,
    EngineNotInstalled,
    EngineOutOfMemory,
    EngineTimeout,
    EngineWeightsMissing,
    ShuttingDown,
    STTSError,
)
from stts.out_of_memory import is_out_of_memory

Doing = Literal["load", "call"]


@dataclass(frozen=True, slots=True)
class Row:
    error: type[EngineError]
    message: str
    """Message with {engine}, {kind} (of the exception), {install} and {memory} (what to do about memory)."""


OUT_OF_MEMORY = Row(EngineOutOfMemory, "{engine} ran out of memory. {memory}")
DENIED = Row(
    EngineAccessDenied,
    "The model hub denies access to the weights of {engine}: accept their licence there and set HF_TOKEN.",
)
NOT_FETCHED = Row(
    EngineWeightsMissing, "The weights of {engine} are not on this disk and could not be fetched: connect this machine."
)
NOT_FOUND = Row(EngineWeightsMissing, "A file that {engine} needs is not on this disk.")
FAILED = Row(EngineError, "{engine} could not do this ({kind}).")
LOAD_FAILED = Row(EngineLoadFailed, "{engine} could not be loaded ({kind}).")

ALWAYS: Mapping[str, Row] = {
    "torch.OutOfMemoryError": OUT_OF_MEMORY,
    "torch.cuda.OutOfMemoryError": OUT_OF_MEMORY,
    "huggingface_hub.errors.GatedRepoError": DENIED,
    "huggingface_hub.errors.RepositoryNotFoundError": DENIED,
    "huggingface_hub.errors.LocalTokenNotFoundError": DENIED,
    "huggingface_hub.errors.EntryNotFoundError": NOT_FETCHED,
    "huggingface_hub.errors.LocalEntryNotFoundError": NOT_FETCHED,
    "huggingface_hub.errors.OfflineModeIsEnabled": NOT_FETCHED,
}
IN_LOAD: Mapping[str, Row] = {
    "builtins.ModuleNotFoundError": Row(EngineNotInstalled, "{engine} is not installed: {install}"),
    "builtins.FileNotFoundError": NOT_FOUND,
    "builtins.ConnectionError": NOT_FETCHED,
    "builtins.TimeoutError": NOT_FETCHED,
    "httpx.TransportError": NOT_FETCHED,
    "requests.exceptions.ConnectionError": NOT_FETCHED,
    "urllib.error.URLError": NOT_FETCHED,
    "builtins.BaseException": LOAD_FAILED,
}
IN_CALL: Mapping[str, Row] = {
    "builtins.TimeoutError": Row(EngineTimeout, "{engine} waited too long for something it needs."),
    "builtins.BaseException": FAILED,
}


def translate(error: BaseException, engine: Engine, doing: Doing) -> STTSError:
    """The error to tell a client; raise it `from` the one given. Our own pass unchanged."""
    if isinstance(error, STTSError):
        return error
    row = _row(error, doing)
    info = engine.info
    return row.error(
        row.message.format(
            engine=info.name, kind=type(error).__name__, install=info.install, memory=_memory_advice(engine)
        )
    )


def plain(error: STTSError) -> STTSError:
    """The same error anew, as the nearest class of stts.errors: without traceback, and known to all sides."""
    nearest: type[STTSError] = next(kind for kind in type(error).__mro__ if kind.__module__.startswith("stts.errors."))
    return nearest(error.message, param=error.param, allowed=error.allowed, retry_after=error.retry_after)


def is_first(error: BaseException) -> bool:
    """Whether a failure is to be counted. Calls that were made together fail together, the others for the first's."""
    return not isinstance(error.__cause__, EngineCrashed)


def shutting_down() -> ShuttingDown:
    return ShuttingDown("The server is stopping.")


def _row(error: BaseException, doing: Doing) -> Row:
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    if _status(error) in (401, 403):
        return DENIED
    table = {**ALWAYS, **(IN_LOAD if doing == "load" else IN_CALL)}
    return next(table[name] for name in _names(error) if name in table)


def _names(error: BaseException) -> Iterator[str]:
    """Qualified names of its class and the bases of that, nearest first."""
    return (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)


def _status(error: BaseException) -> int | None:
    """The HTTP status of an error that a hub's client raised."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _memory_advice(engine: Engine) -> str:
    if "device" in engine.Options.model_fields:
        return f"Free some, or choose another device with {engine.option('device')}."
    return "Free some, or unload other engines."
