from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog

from middleware.logs.configuring import StandardLibraryHandler, configure_logging
from middleware.logs.texts import SECRET_FILE, keyed_hash
from middleware.pipeline import compose
from middleware.stages.logging import LoggingStage
from middleware.stages.timing import TimingStage
from stts.chat import Message, ReplyConfig, ReplyEvent, ReplyRequest, ReplyText, ReplyUsage
from stts.context import RequestContext
from stts.errors import Busy, EngineError, EngineTimeout, InvalidConfiguration, STTSError, UnknownVoice
from stts.settings import LoggingSettings, PrivacySettings, Settings, StorageSettings
from tests.middleware.operations import TEXT, UPLOAD, heard, run_through, spoken


class Log:
    """Everything logged since it was set up."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.stream = io.StringIO()

    def set_up(self, texts: Literal["none", "hash", "text"] = "none", root: str = "data", **changes: Any) -> Log:
        self.settings = Settings(
            logging=LoggingSettings(**{"format": "json", **changes}),
            privacy=PrivacySettings(texts=texts),
            storage=StorageSettings(root=root),
        )
        configure_logging(lambda: self.settings, self.stream)
        return self

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def line(self) -> dict[str, Any]:
        [line] = self.lines()
        return line

    def stages(self) -> list[Any]:
        return [LoggingStage(lambda: self.settings), TimingStage()]


@pytest.fixture
def log() -> Iterator[Log]:
    """Logging is one for the whole process: put back what was there."""
    root = logging.getLogger()
    level = root.level
    disabled = logging.getLogger("uvicorn.access").disabled
    yield Log()
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    for handler in [handler for handler in root.handlers if isinstance(handler, StandardLibraryHandler)]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = disabled


async def test_one_line_for_a_finished_operation(log: Log) -> None:
    await run_through(log.set_up().stages(), spoken())
    line = log.line()
    expected = {
        "event": "operation",
        "level": "info",
        "request_id": "id-1",
        "type": "tts",
        "status": "completed",
        "engine": "tone",
        "voice": "low",
        "language": "en",
        "format": "wav",
        "characters": len(TEXT),
        "audio_seconds": 2.0,
        "queue_seconds": 0.25,
        "engine_seconds": 0.5,
        "encode_seconds": 0.125,
        "bytes": 8,
    }
    assert {key: line.get(key) for key in expected} == expected
    assert {"first_item_seconds", "total_seconds", "timestamp"} <= line.keys()


@pytest.mark.parametrize("leave_after", [None, 1])
async def test_no_words_of_users(log: Log, leave_after: int | None) -> None:
    await run_through(log.set_up().stages(), spoken(), leave_after=leave_after)
    assert "Anna" not in log.stream.getvalue()


async def test_text_where_the_operator_wants_it(log: Log) -> None:
    await run_through(log.set_up("text").stages(), spoken())
    assert log.line()["text"] == TEXT


@pytest.mark.parametrize(("texts", "text"), [("none", None), ("text", "my secret")])
async def test_what_is_replied_is_a_text_and_what_went_before_is_counted(
    log: Log, texts: Literal["none", "text"], text: str | None
) -> None:
    async def replied(context: RequestContext, request: ReplyRequest) -> AsyncIterator[ReplyEvent]:
        yield ReplyText("my")
        yield ReplyText(" secret")
        yield ReplyUsage(1, 2)

    request = ReplyRequest((Message("user", TEXT), Message("assistant", TEXT)), ReplyConfig())
    pipeline = compose(log.set_up(texts).stages(), replied)
    async with aclosing(pipeline(RequestContext("conversation"), request)) as events:
        assert len([event async for event in events]) == 3
    line = log.line()
    assert (line["type"], line["messages"], line.get("text")) == ("conversation", 2, text)


@pytest.mark.parametrize(("texts", "text"), [("none", None), ("text", "my secret words")])
async def test_what_was_heard_is_a_text_too(log: Log, texts: Literal["none", "text"], text: str | None) -> None:
    pipeline = compose(log.set_up(texts).stages(), heard)
    async with aclosing(pipeline(RequestContext("stt"), UPLOAD)) as events:
        async for _ in events:
            pass
    assert log.line().get("text") == text
    assert log.line()["upload_bytes"] == 5


async def test_a_hash_tells_that_texts_were_the_same_and_not_which(log: Log, tmp_path: Path) -> None:
    hashes = []
    for folder in ("one", "one", "two"):
        await run_through(log.set_up("hash", root=str(tmp_path / folder)).stages(), spoken())
        hashes.append(log.lines()[-1]["text_hash"])
        assert "text" not in log.lines()[-1] and "Anna" not in log.stream.getvalue()
    assert hashes[0] == hashes[1] != hashes[2]
    secret = tmp_path / "one" / SECRET_FILE
    assert secret.stat().st_mode & 0o777 == 0o600
    assert hashes[0] == keyed_hash(TEXT, secret.read_bytes()) != keyed_hash(TEXT, bytes(32))


async def test_no_secret_is_made_where_no_hash_is_kept(log: Log, tmp_path: Path) -> None:
    for texts in ("none", "text"):
        await run_through(log.set_up(texts, root=str(tmp_path / "data")).stages(), spoken())
    assert not (tmp_path / "data").exists()


def test_a_damaged_secret_is_refused(log: Log, tmp_path: Path) -> None:
    (tmp_path / SECRET_FILE).write_bytes(b"short")
    with pytest.raises(InvalidConfiguration, match="32 bytes"):
        log.set_up("hash", root=str(tmp_path)).stages()


def test_any_text_has_a_hash() -> None:
    assert len({keyed_hash(text, bytes(32)) for text in ("", "a", "\ud800", "\0")}) == 4


async def test_a_client_that_leaves_is_no_error(log: Log) -> None:
    await run_through(log.set_up().stages(), spoken(), leave_after=1)
    assert (log.line()["level"], log.line()["status"]) == ("info", "cancelled")


@pytest.mark.parametrize(
    ("error", "level", "code", "traceback"),
    [
        (UnknownVoice("There is no such voice."), "info", "unknown_voice", False),
        (Busy("The queue is full."), "warning", "busy", False),
        (EngineTimeout("It took too long."), "warning", "engine_timeout", False),
        (EngineError("The engine could not do it."), "error", "engine_failed", True),
        (KeyError(TEXT), "error", "internal_error", True),
    ],
)
async def test_errors_by_code_and_type(log: Log, error: Exception, level: str, code: str, traceback: bool) -> None:
    with pytest.raises(type(error)):
        await run_through(log.set_up().stages(), spoken(1, error))
    line = log.line()
    assert (line["level"], line["code"], line["error"], line["status"]) == (level, code, type(error).__name__, "error")
    assert line.get("reason") == (str(error) if isinstance(error, STTSError) else None)
    assert ("exception" in line) == traceback
    assert "Anna" not in log.stream.getvalue()


async def test_an_operation_inside_another_names_it(log: Log) -> None:
    inner = RequestContext("tts", parent=RequestContext("conversation", request_id="outer"))
    await run_through(log.set_up().stages(), spoken(), inner)
    assert log.line()["parent_id"] == "outer"
    assert "route" not in log.line()


def test_the_level_follows_the_settings(log: Log) -> None:
    log.set_up(level="warning")
    structlog.get_logger().info("quiet")
    log.settings = Settings(logging=LoggingSettings(level="debug", format="json"))
    structlog.get_logger().debug("loud")
    assert log.line()["event"] == "loud"


@pytest.mark.parametrize(
    ("name", "say", "shown"),
    [
        ("some.library", lambda logger: logger.info("hello %s", "you"), True),
        ("some.library", lambda logger: logger.debug("> Authorization: Bearer secret"), False),
        ("adapters.execution", lambda logger: logger.debug("hello you"), True),
        ("uvicorn.access", lambda logger: logger.info("GET /tts?text=hello"), False),
        ("python_multipart.multipart", lambda logger: logger.warning("Expected boundary character 45"), False),
    ],
)
def test_lines_of_the_standard_library(log: Log, name: str, say: Callable[[logging.Logger], None], shown: bool) -> None:
    log.set_up(level="debug")
    say(logging.getLogger(name))
    assert [(line["logger"], line["event"]) for line in log.lines()] == ([(name, "hello you")] if shown else [])


def test_addresses_are_logged_without_their_query(log: Log) -> None:
    log.set_up()
    logging.getLogger("uvicorn.error").info(
        '%s - "WebSocket %s" [accepted]', "127.0.0.1", "/v1/realtime?api_key=sesame"
    )
    assert log.line()["event"] == '127.0.0.1 - "WebSocket /v1/realtime?..." [accepted]'


def test_foreign_levels_and_tracebacks(log: Log) -> None:
    log.set_up()
    try:
        raise ValueError(TEXT)
    except ValueError:
        logging.getLogger("some.library").log(35, "odd level", exc_info=True)
    assert log.line()["level"] == "warning"
    assert log.line()["exception"].endswith("ValueError")


def test_a_foreign_line_with_wrong_arguments_breaks_nothing(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up()
    record = logging.LogRecord("some.library", logging.INFO, __file__, 1, "%d pieces", ("three",), None)
    StandardLibraryHandler().handle(record)
    assert log.lines() == []
    assert "Logging error" in capsys.readouterr().err


def test_the_correlation_id_stands_on_every_line(log: Log) -> None:
    log.set_up()
    with structlog.contextvars.bound_contextvars(request_id="id-2"):
        structlog.get_logger().info("ours")
        logging.getLogger("some.library").info("theirs")
    assert [line["request_id"] for line in log.lines()] == ["id-2", "id-2"]


def test_configuring_again_replaces_what_was_there(log: Log) -> None:
    log.set_up()
    log.set_up()
    logging.getLogger("some.library").info("once")
    assert log.line()["event"] == "once"


def test_a_terminal_gets_readable_lines(log: Log) -> None:
    log.set_up(format="console")
    structlog.get_logger().info("operation", type="tts", engine="tone", voice="low", audio_seconds=0.5)
    assert log.stream.getvalue().endswith(" tone/low 0.50 s of audio\n")


def test_what_is_no_terminal_gets_json(log: Log) -> None:
    log.set_up(format="auto")
    structlog.get_logger().info("operation")
    assert log.line()["event"] == "operation"


def test_text_that_is_not_unicode_can_be_logged(log: Log) -> None:
    log.set_up()
    structlog.get_logger().info("operation", text="\ud800")
    assert log.line()["text"] == "\ud800"
