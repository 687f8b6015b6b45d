"""Transcripts beside recordings: one at a time, those that are there already left alone unless others are asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from clients.command.connection import require, succeed
from clients.command.exit_status import UNREACHED, CommandFailed
from clients.command.made_before import Maker, Memory, wanted
from clients.command.output import write

if TYPE_CHECKING:
    from clients.caller import Answer, Caller

ENGINE_HEADER = "x-engine"
LEAST_SECONDS = 0.1
PATIENT_SECONDS = 120.0
"""Longest time that one recording waits for a server that has too much to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The wishes for each recording."""

    fields: dict[str, str]
    targets: dict[Path, Path]
    """Recording -> its transcript."""


class Transcripts:
    """Makes them, and remembers what made each."""

    def __init__(self, caller: Caller, wanted: Wanted, those_there: Literal["", "keep", "force"] = "") -> None:
        """`those_there`: what becomes of transcripts that are there: they are kept, made anew, or only those made anew
        that something else has made."""
        self.caller = caller
        self.wanted = wanted
        self._those_there = those_there
        self._memory = Memory()

    def one(self, recording: Path) -> dict[str, Any]:
        """Tells what became of it. Raises CommandFailed where the server is away, or a file cannot be written."""
        target = self.wanted.targets[recording]
        told: dict[str, Any] = {"file": str(recording), "transcript": str(target)}
        anew = {}
        if self._those_there != "force" and _is_newer(target, recording):
            skipped, reason = self._left(target)
            if skipped:
                return {**told, "skipped": reason}
            anew = {"anew": reason}
        try:
            answer = self._sent(recording)
            require(answer)
        except CommandFailed as failed:
            if failed.status == UNREACHED:
                raise
            return {"file": str(recording), "error": str(failed)}
        write(target, [answer.body])
        engine = answer.headers.get(ENGINE_HEADER, "")
        maker = Maker(engine, self._models.get(engine, ""), self.wanted.fields.get("language", ""))
        self._memory.keep(target, maker, answer.body)
        return {**told, **anew}

    def _sent(self, recording: Path) -> Answer:
        """The answer about a recording. A server that says when it may be asked again is, for a while."""
        from clients.caller import retry_seconds

        waited = 0.0
        while True:
            answer = sent(self.caller, read(recording), recording.name, self.wanted.fields)
            seconds = retry_seconds(answer)
            if seconds is None or (waited := waited + max(seconds, LEAST_SECONDS)) > PATIENT_SECONDS:
                return answer
            time.sleep(max(seconds, LEAST_SECONDS))

    def _left(self, target: Path) -> tuple[bool, str]:
        """Whether a transcript that is there is left alone, and why, in words."""
        before = self._memory.recall(target)
        if before is None:
            return True, "was there"
        now = wanted(self.wanted.fields, before.maker, self._models)
        if not before.maker.differs(now):
            return True, f"was there, made with {before.maker}"
        words = f"made with {before.maker}; asked for {now}"
        if not before.is_as_made(target):
            return True, f"was there, {words}, but somebody has changed it since: --force makes it anew"
        if self._those_there == "keep":
            return True, f"was there, {words}: kept"
        return False, f"{words}: made anew; --keep leaves such as they are"

    @cached_property
    def _models(self) -> Mapping[str, str]:
        """The model of each engine that has but one now."""
        engines = succeed(self.caller.ask("GET", "/engines"))
        return {each["name"]: each["models"][0] for each in engines if len(each.get("models", ())) == 1}


def sent(caller: Caller, data: bytes, name: str, fields: dict[str, str]) -> Answer:
    return caller.send_file("/stt", data, name, **fields)


def read(recording: Path) -> bytes:
    """Raises CommandFailed."""
    try:
        return recording.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{recording} cannot be read: {error.strerror}") from error


def _is_newer(target: Path, recording: Path) -> bool:
    try:
        return target.stat().st_mtime >= recording.stat().st_mtime
    except OSError:
        return False
