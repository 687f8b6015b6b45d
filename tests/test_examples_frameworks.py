"""The examples for voice frameworks, run as they are: a recording is heard, and said again so that it is understood."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stts.settings import Settings
from tests import patient
from tests.audio import encoded
from tests.engines.speech import DATA, WORDS, read, share_heard
from tests.server import RunningServer, running

pytestmark = pytest.mark.clients

EXAMPLES = Path(__file__).parent.parent / "examples" / "python"
KEY = "sesame"
MODULES = {"livekit_voice.py": "livekit.plugins.openai", "pipecat_voice.py": "pipecat.services.openai"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    root = str(tmp_path_factory.mktemp("data"))
    with running(Settings.model_validate({"storage": {"root": root}, "security": {"api_key": KEY}})) as server:
        yield server


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODULES)
def test_a_recording_is_heard_and_said_again(server: RunningServer, tmp_path: Path, name: str) -> None:
    pytest.importorskip(MODULES[name], reason="pip install -r requirements/frameworks.txt")
    speech, spoken = tmp_path / "speech.wav", tmp_path / "spoken.wav"
    speech.write_bytes(encoded(read(DATA / "weather.flac")))
    command = [sys.executable, str(EXAMPLES / name), server.url, str(speech), str(spoken)]
    done = patient.run(command, capture_output=True, text=True, env={**os.environ, "STTS_API_KEY": KEY}, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("heard: ")]
    assert share_heard(WORDS["weather.flac"], line) >= 0.8, line
    answer = patient.post(
        f"{server.url}/v1/audio/transcriptions",
        files={"file": ("spoken.wav", spoken.read_bytes())},
        data={"model": "whisper-1", "language": "en"},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert share_heard(WORDS["weather.flac"], answer.json()["text"]) >= 0.8, answer.text
