"""`stts doctor`: what is missing on this machine and the command that mends it, and what is slow and why."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import typer

from clients.command.connection import connected, default_url, require, succeed
from clients.command.exit_status import ANSWERED_NO, UNREACHED, CommandFailed
from clients.command.playback import INSTALL, PLAYERS
from clients.command.slow_requests import ASKED, slow_requests
from clients.command.speech import Json
from clients.command.terminal import explained, show_json
from stts.command_line import plain

if TYPE_CHECKING:
    from clients.caller import Answer, Caller

Verdict = Literal["good", "advice", "bad"]
MARKS: dict[Verdict, str] = {"good": "ok  ", "advice": "note", "bad": "BAD "}
OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 2_000_000_000
START_SECONDS = 15.0
"""Longest wait for a server that has just been started."""
AGAIN_SECONDS = 0.2
SLOW_FIRST_SECONDS = 0.5
SLOW_FACTOR = 0.8
"""Seconds of work for a second of speech from which on listeners have to wait."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend`: the command or the setting that makes it better."""

    verdict: Verdict
    subject: str
    words: str
    mend: str = ""


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Says what is missing here and how it is mended, and what is slow and why; ends with 1 where something is bad."""
    with explained(as_json):
        findings = list(_machine())
        if not as_json:
            _show(findings)  # also where no server answers
        with connected(context.obj) as caller:
            found = list(_server(caller, asked=context.obj.url or default_url()))
        findings += found
        if as_json:
            show_json([asdict(finding) for finding in findings])
        else:
            _show(found)
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(ANSWERED_NO)


def _show(findings: Iterable[Finding]) -> None:
    for finding in findings:
        print(f"{MARKS[finding.verdict]}  {plain(finding.subject)}: {plain(finding.words)}")
        if finding.mend:
            print(f"      {plain(finding.mend)}")


def _machine() -> Iterator[Finding]:
    """This machine, whether a server runs or not."""
    version = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info[:2] >= OLDEST_PYTHON
    yield Finding("good" if fits else "bad", "Python", version, "" if fits else "Python 3.11 or newer is needed.")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    words = f"{cores} core{'s' if cores > 1 else ''}"
    yield Finding(
        "good" if cores > 1 else "advice", "Processor", words, "" if cores > 1 else "Speech and ears share it."
    )
    heard = find_spec("miniaudio") is not None
    if not heard and not any(shutil.which(command[0]) for command in PLAYERS):
        yield Finding("advice", "Player", "none: `stts say` needs -o FILE", INSTALL)
    if not heard:
        words = "not reached: `stts talk` and `stts transcribe --live` need a recording in its place"
        yield Finding("advice", "Microphone", words, INSTALL)
    if find_spec("torch") is None:
        yield Finding("good", "torch", "not in this environment; engines that need it run in their own")


def _server(caller: Caller, asked: str) -> Iterator[Finding]:
    """The server that answers, or one that was started for this question."""
    ready = _when_it_has_started(caller)
    state = ready.json() or {}
    if not isinstance(state, dict) or "status" not in state:
        require(ready)
        raise CommandFailed("The server does not say whether it is ready: is it of another version?", UNREACHED)
    if state.get("ready"):
        yield _which(caller.url, asked)
    else:
        yield Finding("bad", "Server", f"{state['status']}: it takes no work now", "Its log tells why.")
    for name in ("database", "redis"):
        if state.get(name) == "away":
            yield Finding(
                "bad", name.capitalize(), "cannot be reached", f"Check {name} in config.yaml, and that it runs."
            )
    engines = succeed(caller.ask("GET", "/engines"))
    yield from _abilities(engines, _without_model(caller))
    for engine in engines:
        yield from _engine(engine)
    yield from _requests(caller)
    yield from _settings(caller)


def _is_open_to_others(path: str) -> bool:
    """True where it is on this machine, and others than its user and group may read it."""
    try:
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    except OSError:
        return False


def _which(url: str, asked: str) -> Finding:
    """Whether the server that was asked about answers, or one that this command has started for itself."""
    if url == asked or "://" not in asked:
        return Finding("good", "Server", f"ready ({url})")
    words = f"none runs at {asked}; what follows is of one that was started for this question"
    return Finding("advice", "Server", words, "stts serve")


def _when_it_has_started(caller: Caller) -> Answer:
    until = time.monotonic() + START_SECONDS
    while True:
        answer = caller.ask("GET", "/ready")
        if (answer.json() or {}).get("status") != "starting" or time.monotonic() > until:
            return answer
        time.sleep(AGAIN_SECONDS)


def _without_model(caller: Caller) -> frozenset[str]:
    """Engines that need a model of the catalogue of which none is here."""
    models = succeed(caller.ask("GET", "/models"))
    return frozenset(each["engine"] for each in models) - {each["engine"] for each in models if each["present"]}


def _abilities(engines: list[dict[str, Any]], without_model: frozenset[str]) -> Iterator[Finding]:
    for kind, ability, mend in (
        ("tts", "speaks", "stts engines list, then stts engines install NAME"),
        ("stt", "listens", "stts models pull whisper-tiny.en"),
    ):
        able = [each["name"] for each in engines if each["kind"] == kind and each["available"]]
        able = [name for name in able if name not in without_model]
        words = ", ".join(able) if able else f"nothing here {ability}"
        yield Finding("good" if able else "bad", f"What {ability}", words, "" if able else mend)
    if not any(
        each["kind"] == "stt" and each["abilities"].get("translation") and each["available"] for each in engines
    ):
        yield Finding("advice", "Translation", "no ear here translates", "stts models pull whisper-base")


def _engine(engine: dict[str, Any]) -> Iterator[Finding]:
    name, measured = engine["name"], engine["measured"]
    if engine["state"] == "failed":
        words = engine["failure"] or "it failed"
        named = re.search(r"`(stts [^`]+)`", words)
        yield Finding("bad", name, words, named[1] if named else f"stts engines load {name}")
    elif engine["breaker"] != "closed":
        yield Finding("bad", name, "it rests after failures in a row", f"stts engines probe {name}")
    if not measured["requests"]:
        return
    first, factor = measured["first_seconds"], measured["real_time_factor"]
    if engine["kind"] == "tts" and factor is not None and factor > SLOW_FACTOR:
        words = f"slow: {factor:.2f} s of work for a second of speech, so listeners wait"
        yield Finding(
            "advice", name, words, "Choose a faster engine in tts.order, or a machine with more cores or a GPU."
        )
    elif engine["kind"] == "tts" and first is not None and first > SLOW_FIRST_SECONDS:
        mend = "Shorter first sentences, a faster engine first in tts.order, or a GPU."
        yield Finding("advice", name, f"its first sound comes after {first * 1000:.0f} ms of work", mend)
    if measured["failures"]:
        yield Finding(
            "advice",
            name,
            f"{measured['failures']} of {measured['requests']} requests failed",
            str(measured["last_error"] or ""),
        )


def _requests(caller: Caller) -> Iterator[Finding]:
    """Looks at single requests of late, which only administrators may see."""
    answer = caller.ask("GET", ASKED)
    if not answer.ok:
        return
    report = answer.json()
    slow = list(slow_requests(report["operations"]))
    if report["found"] and not slow:
        yield Finding("good", "Requests", f"none of {report['found']} was slow of late")
    for request in slow:
        yield Finding("advice", "Slow request", request.words, request.mend)


def _settings(caller: Caller) -> Iterator[Finding]:
    """Looks at the configuration, which only administrators may see."""
    answer = caller.ask("GET", "/config")
    if not answer.ok:
        yield Finding("advice", "Configuration", "not seen: the key is no administrator's", "stts --key KEY doctor")
        return
    settings = {key: state["value"] for key, state in answer.json()["settings"].items()}
    host = settings["server.host"]
    guarded = settings["security.api_key"] or settings["security.keys"]
    if host not in ("127.0.0.1", "::1", "localhost") and not guarded:
        yield Finding(
            "bad", "Security", f"everybody who reaches {host} may use it", "security.keys: true in config.yaml"
        )
    root = settings["storage.root"]
    if any(_is_open_to_others(path) for path in (root, os.path.join(root, "stts.db"))):
        yield Finding("advice", "Storage", f"every user of this machine may read {root}", f"chmod -R o-rwx {root}")
    if os.path.isdir(root) and (free := shutil.disk_usage(root).free) < LEAST_FREE_BYTES:
        yield Finding(
            "advice", "Disk", f"{free / 1e9:.1f} GB are left under {root}", "stts cache clear, or another storage.root"
        )
    waiting = [key for key, state in answer.json()["settings"].items() if state["waiting"]]
    if waiting:
        yield Finding("advice", "Configuration", f"waits for a restart: {', '.join(waiting)}", "Start the server anew.")
