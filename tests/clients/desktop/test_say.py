"""`stts say --device`: the words come out of a cable without a window."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Server
from clients.command.exit_status import LACKING, USAGE
from clients.command.main import app
from tests.clients.desktop.cables import Cables
from tests.clients.desktop.test_real_sound import SENTENCE, words
from tests.engines.speech import share_heard

pytestmark = pytest.mark.clients


def say(server: Server, *arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["--url", f"http://127.0.0.1:{server.port}", "say", *arguments], input=stdin)


def test_both_devices_hear_it(cables: Cables, speech_server: Server) -> None:
    with cables.recording("cable") as cable, cables.recording("ears") as ears:
        spoken = say(speech_server, SENTENCE, "--device", "virtual", "--device", "PulseAudio:ears")
        assert (spoken.exit_code, spoken.output) == (0, "")
        assert share_heard(SENTENCE, words(speech_server, cable.said())) >= 0.9
        ears.said()
    assert cables.streams() == 0


def test_lines_are_heard_as_they_come(cables: Cables, speech_server: Server) -> None:
    with cables.recording("cable") as cable:
        assert say(speech_server, "--device", "cable", "--device", "cable", stdin=f"{SENTENCE}\n").exit_code == 0
        cable.said()


def test_a_wrong_name_lists_those_that_are_there(cables: Cables, speech_server: Server) -> None:
    refused = say(speech_server, "Hello.", "--device", "piano")
    assert refused.exit_code == LACKING
    assert "“piano”" in refused.stderr and "“Virtual_cable” (PulseAudio:cable)" in refused.stderr
    assert say(speech_server, "Hello.", "--device", "cable", "-o", "x.wav").exit_code == USAGE
