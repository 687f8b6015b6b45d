"""Files that the pages speak of: recordings, books, an environment file; and an engine with names of voices."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from stts.engine_api import EngineInfo, Samples, SpeechParams, Voice
from tests.audio import encoded
from tests.engines.speech import DATA, read
from tests.fakes import BlenderEngine
from tests.stts.books.epubs import Epub

RECORDINGS = ("recording.wav", "meeting.wav", "anna.wav", "gianna.wav", "yes.wav")
ENCODED = ("meeting.m4a", "anna.m4a", "one.mp3", "two.mp3", "speech.mp3")
BOOK = "# The Sea\n\n## One\n\nIt was calm.\n\n## Two\n\nThen it rained.\n"
ONE, TWO = "<h1>One</h1><p>It was calm.</p>", "<h1>Two</h1><p>Then it rained.</p>"
ENVIRONMENT = """\
ALLOWED_USER_TOKEN=your-token
API_KEYS={"demo-user": "demo-key"}
ENABLE_AUTH=true
"""
PATTERNS = {
    "job-1f2e3d": r"\bjob-[0-9a-f]{4,}",
    "stts_0123456789ab_...": r"\bstts_[0-9a-f]+_[\w-]+",
    "0123456789ab": r"\bstts_([0-9a-f]+)_",
    "upl_...": r'"id": ?"(upl_[\w-]+)"',
    "ref_...": r"\bref_[\w-]+",
}
"""Ids that the pages show -> what they look like in an answer."""


class NamedVoices(BlenderEngine):
    """Has the names of Kokoro's voices."""

    HEIGHTS: ClassVar[Mapping[str, float]] = {"af_heart": 200.0, "af_bella": 400.0}

    @property
    def info(self) -> EngineInfo:
        voices = tuple(Voice(name, name, ("en",)) for name in self.HEIGHTS)
        return replace(super().info, name="named", voices=voices, default_voice="af_heart")

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        yield from (samples.astype(np.float32) for samples in super().synthesize(text, voice, params))


def lay_out(folder: Path) -> None:
    """Files with the names that the pages give them."""
    speech = read(DATA / "kitchen.flac")
    long = np.tile(speech, 4)
    for name in RECORDINGS:
        (folder / name).write_bytes(encoded(long if "anna" in name or "gianna" in name else speech))
    for name in ENCODED:
        (folder / name).write_bytes(encoded(long if "anna" in name else speech))
    (folder / "recordings").mkdir()
    shutil.copy(DATA / "weather.flac", folder / "recordings")
    (folder / "references").mkdir()
    shutil.copy(folder / "anna.wav", folder / "references")
    texts = [{"text": "Platform one."}, {"text": "Platform two."}]
    (folder / "texts.jsonl").write_text("\n".join(map(json.dumps, texts)), encoding="utf-8")
    (folder / "book.md").write_text(BOOK, encoding="utf-8")
    (folder / "book.epub").write_bytes(Epub({"one.xhtml": ONE, "two.xhtml": TWO}).data())
    (folder / ".env").write_text(ENVIRONMENT, encoding="utf-8")
