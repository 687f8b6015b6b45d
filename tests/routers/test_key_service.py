"""The first key in a file, where nobody looks at the terminal."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import structlog

from routers.key_service import announce_first
from stts.access.key_text import KeyText
from tests import patient
from tests.fakes import registry
from tests.keyed import keyed_settings
from tests.patience import PATIENCE
from tests.server import running


@pytest.mark.socket
def test_the_first_key_is_written_to_the_file_that_wants_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = keyed_settings(tmp_path)
    file = tmp_path / "first.key"
    security = settings.security.model_copy(update={"first_key_file": str(file)})
    with running(settings.model_copy(update={"security": security}), registry()) as server:
        deadline, text = time.monotonic() + PATIENCE, ""
        while str(file) not in text:
            assert time.monotonic() < deadline
            text += capfd.readouterr().out
            time.sleep(0.01)
        key = file.read_text(encoding="utf-8").strip()
        assert patient.get(f"{server.url}/me", headers={"X-API-Key": key}).json()["role"] == "admin"
    assert key not in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_first_key_whose_file_cannot_be_written_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    key = KeyText.new()
    with structlog.testing.capture_logs() as lines:
        announce_first(key, str(tmp_path / "nowhere" / "first.key"))
    assert str(key) in capfd.readouterr().out
    assert [line["event"] for line in lines] == ["first_key_file_unwritable"]
    assert str(key) not in str(lines)
