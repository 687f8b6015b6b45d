from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

from adapters.execution import errors as table
from adapters.execution.errors import Doing, plain, translate
from stts.errors import (
    EngineAccessDenied,
    EngineError,
    EngineLoadFailed,
    EngineNotInstalled,
    EngineOutOfMemory,
    EngineTimeout,
    EngineWeightsMissing,
    InvalidParameter,
    STTSError,
)
from tests.adapters.execution.script_engine import OwnRefusal, ScriptEngine
from tests.fakes import ToneEngine

SECRET = "Dear Anna"


def foreign(name: str, *bases: type[Exception]) -> Exception:
    """An exception of a library that is not there, as its class names itself."""
    module, _, kind = name.rpartition(".")
    error: Exception = type(kind, bases or (Exception,), {"__module__": module})(SECRET)
    return error


def refused(status: int) -> Exception:
    error = foreign("huggingface_hub.errors.HfHubHTTPError", OSError)
    error.response = SimpleNamespace(status_code=status)  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "doing", "expected"),
    [
        (MemoryError(SECRET), "call", EngineOutOfMemory),
        (MemoryError(SECRET), "load", EngineOutOfMemory),
        (foreign("torch.OutOfMemoryError", RuntimeError), "call", EngineOutOfMemory),
        (foreign("torch.cuda.OutOfMemoryError", RuntimeError), "load", EngineOutOfMemory),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "call", EngineOutOfMemory),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "load", EngineOutOfMemory),
        (foreign("huggingface_hub.errors.GatedRepoError", OSError), "load", EngineAccessDenied),
        (foreign("huggingface_hub.errors.RepositoryNotFoundError", OSError), "load", EngineAccessDenied),
        (refused(401), "load", EngineAccessDenied),
        (refused(403), "call", EngineAccessDenied),
        (refused(500), "load", EngineLoadFailed),
        (foreign("huggingface_hub.errors.LocalEntryNotFoundError", FileNotFoundError), "load", EngineWeightsMissing),
        (foreign("huggingface_hub.errors.OfflineModeIsEnabled", ConnectionError), "load", EngineWeightsMissing),
        (foreign("httpx.ConnectError", foreign("httpx.TransportError").__class__), "load", EngineWeightsMissing),
        (foreign("requests.exceptions.ConnectionError", OSError), "load", EngineWeightsMissing),
        (ConnectionRefusedError(SECRET), "load", EngineWeightsMissing),
        (FileNotFoundError(SECRET), "load", EngineWeightsMissing),
        (FileNotFoundError(SECRET), "call", EngineError),
        (ModuleNotFoundError(SECRET), "load", EngineNotInstalled),
        (ModuleNotFoundError(SECRET), "call", EngineError),
        (ImportError(SECRET), "load", EngineLoadFailed),
        (PermissionError(SECRET), "load", EngineLoadFailed),
        (TimeoutError(SECRET), "call", EngineTimeout),
        (KeyError(SECRET), "call", EngineError),
        (KeyError(SECRET), "load", EngineLoadFailed),
        (SystemExit(SECRET), "call", EngineError),
        (KeyboardInterrupt(SECRET), "load", EngineLoadFailed),
    ],
)
def test_the_table(error: BaseException, doing: Doing, expected: type[EngineError]) -> None:
    told = translate(error, ScriptEngine(), doing)
    assert type(told) is expected
    assert SECRET not in str(told)
    assert "script" in str(told)
    assert "{" not in str(told)


def test_memory_names_the_setting_that_exists() -> None:
    assert "engines.options.script.device" in str(translate(MemoryError(), ScriptEngine(), "call"))
    assert "options" not in str(translate(MemoryError(), ToneEngine(), "call"))


def test_not_installed_says_how_to_install() -> None:
    assert "pip install script" in str(translate(ModuleNotFoundError(), ScriptEngine(), "load"))


def test_our_own_errors_pass_unchanged() -> None:
    error = OwnRefusal("not this")
    assert translate(error, ScriptEngine(), "call") is error


def test_plain_errors_are_of_the_tree() -> None:
    error = plain(OwnRefusal("not this", param="voice", allowed=["that"], retry_after=2.0))
    assert type(error) is InvalidParameter
    assert (error.message, error.param, error.allowed, error.retry_after) == ("not this", "voice", ["that"], 2.0)
    assert type(plain(STTSError("?"))) is STTSError


def names() -> list[str]:
    return sorted({*table.ALWAYS, *table.IN_LOAD, *table.IN_CALL})


def check_name(name: str) -> None:
    module, _, kind = name.rpartition(".")
    found = getattr(importlib.import_module(module), kind)
    assert any(f"{each.__module__}.{each.__qualname__}" in names() for each in found.__mro__[:1]), found


@pytest.mark.parametrize("name", [name for name in names() if name.startswith(("builtins", "httpx", "urllib"))])
def test_the_names_are_those_of_real_exceptions(name: str) -> None:
    check_name(name)


@pytest.mark.engines
@pytest.mark.parametrize(
    "name", [name for name in names() if name.startswith(("huggingface_hub", "torch", "requests"))]
)
def test_the_names_are_those_of_the_heavy_libraries(name: str) -> None:
    check_name(name)
