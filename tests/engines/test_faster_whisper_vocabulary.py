"""The language of a model, told by the list of its tokens, whatever stands in that file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.stt.faster_whisper import FasterWhisperEngine
from engines.stt.faster_whisper_options import FasterWhisperOptions
from engines.stt.faster_whisper_vocabulary import ENGLISH_TOKENS, english_only


@pytest.mark.parametrize("content", [b"", b"[1, 2", b"5", b"null", b"\xff\xfe", b"<html>"])
def test_a_broken_list_tells_nothing_and_breaks_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_bytes(content)
    assert not english_only(tmp_path)
    assert len(FasterWhisperEngine(FasterWhisperOptions(model=str(tmp_path))).info.languages) > 90


def test_the_number_of_tokens_tells(tmp_path: Path) -> None:
    for tokens, english in ((ENGLISH_TOKENS, True), (ENGLISH_TOKENS + 1, False)):
        (tmp_path / "vocabulary.json").write_text(json.dumps(["x"] * tokens))
        assert english_only(tmp_path) is english
