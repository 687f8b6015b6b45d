"""`stts config` and `stts doctor` against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Server, running
from clients.caller import Caller
from clients.command import doctor
from clients.command.exit_status import ANSWERED_NO, REFUSED, USAGE
from clients.command.main import app
from stts.analytics.course import Course
from stts.analytics.recent import RecentOperations
from stts.settings import SecuritySettings
from tests.fakes import registry
from tests.keyed import keyed_settings
from tests.server import running as running_here
from tests.stts.analytics.test_history import DONE

pytestmark = pytest.mark.socket

KEY = "open sesame"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    settings = {"security": {"api_key": KEY}, "tts": {"order": ["espeak"]}, "models": {"offline": True}}
    with running(settings) as server:
        yield server


def stts(server: Server, *arguments: str, key: str = KEY) -> Result:
    return CliRunner().invoke(app, ["--server", f"http://127.0.0.1:{server.port}", *arguments], env={"STTS_KEY": key})


def test_settings_are_shown_with_their_sources_and_secrets_masked(server: Server) -> None:
    lines = stts(server, "config", "show", "tts").output.splitlines()
    assert lines[0].split()[:3] == ["KEY", "VALUE", "SOURCE"]
    assert any(line.startswith("tts.order") and '["espeak"]' in line for line in lines)
    shown = stts(server, "config", "show", "security", "--json")
    assert json.loads(shown.output)["security.api_key"]["protected"] is True
    assert KEY not in shown.output
    nothing = stts(server, "config", "show", "nothing")
    assert nothing.exit_code == USAGE
    assert "sections are server, security" in nothing.output


def test_a_change_is_checked_before_it_is_made(server: Server) -> None:
    wrong = stts(server, "config", "check", "limits.text_characters=-1")
    assert wrong.exit_code == ANSWERED_NO
    assert "limits.text_characters" in wrong.output
    assert "It would be taken" in stts(server, "config", "check", "limits.text_characters=5000").output
    assert stts(server, "config", "check", "limits").exit_code == USAGE


def test_a_change_is_made_and_taken_back(server: Server) -> None:
    def value() -> object:
        return json.loads(stts(server, "config", "show", "tts.format", "--json").output)["tts.format"]["value"]

    before = value()
    assert stts(server, "config", "set", "tts.format=mp3").exit_code == 0
    assert value() == "mp3"
    assert stts(server, "config", "set", f"tts.format={before}").exit_code == 0
    assert value() == before
    later = stts(server, "config", "set", "limits.connections=1500")
    assert "After a restart: limits.connections" in later.output


def test_the_doctor_says_what_speaks_what_is_missing_and_what_mends_it(server: Server) -> None:
    result = stts(server, "doctor", "--json")
    found = {finding["subject"]: finding for finding in json.loads(result.output)}
    assert found["Server"]["verdict"] == "good"
    assert "espeak" in found["What speaks"]["words"]
    assert found["Python"]["verdict"] == "good"
    assert result.exit_code == int(any(finding["verdict"] == "bad" for finding in found.values()))
    assert "ok    Server: ready" in stts(server, "doctor").output


def test_the_doctor_says_which_requests_were_slow_why_and_what_mends_it(tmp_path: Path) -> None:
    cold = replace(DONE, request_id="cold", first_item=4.0, total=4.5, course=Course(load=3.1, engine=0.8))
    settings = keyed_settings(tmp_path, security=SecuritySettings())

    async def remember(recent: RecentOperations) -> None:
        recent.operation_finished(cold)

    with running_here(settings, registry()) as server:
        server.call(remember(server.services.recent))
        (slow,) = doctor._requests(Caller(server.url))
    assert (slow.verdict, slow.subject) == ("advice", "Slow request")
    assert "4.0 s" in slow.words and "tone was not loaded yet, which took 3.1 s; request cold" in slow.words
    assert slow.mend == "engines.preload: [tone] keeps it loaded"


def test_the_doctor_does_without_rights(server: Server) -> None:
    refused = stts(server, "doctor", key="wrong")
    assert refused.exit_code == REFUSED
    assert "Python" in refused.stdout, "this machine is looked at all the same"
    assert len(refused.stderr.splitlines()) == 1
