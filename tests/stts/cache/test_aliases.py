from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import replace

import pytest

from stts.cache.aliases import adopted, alias_of, meant_by, named, samples_of
from stts.engine_api import SpeechParams, Voice
from stts.plans import SpeechPlan
from stts.speech import AudioOutput, SynthesisConfig
from tests.stts.cache.entries import NOW, entry, key

PLAN = SpeechPlan(
    SynthesisConfig(), "tone", Voice("low"), SpeechParams(), 16_000, AudioOutput("pcm", "audio/pcm", 22_050, 1)
)
SAMPLES = bytes(range(250)) * 4


def test_an_alias_is_the_hash_of_voice_and_text() -> None:
    assert alias_of("en_US-joe-medium", "Hello.") == hashlib.sha256(b"en_US-joe-medium:Hello.").hexdigest()
    assert alias_of(None, "Hello.") == hashlib.sha256(b"default:Hello.").hexdigest()
    assert len(alias_of("", "\ud800")) == 64


def test_the_entry_of_an_alias_goes_with_its_answer() -> None:
    answer = entry(1, engine="piper", voices=("anna",), owner="u1")
    alias = named(key(1), answer)
    assert meant_by(alias) == key(1) and meant_by(answer) is None
    assert alias.label == answer.label and alias.expires == answer.expires


@pytest.mark.parametrize("kept", [SAMPLES, zlib.compress(SAMPLES), gzip.compress(SAMPLES)])
def test_samples_are_read_however_they_were_kept(kept: bytes) -> None:
    assert samples_of(kept, 10_000) == SAMPLES


@pytest.mark.parametrize("kept", [b"", b"\x01", bytes(10_001), zlib.compress(bytes(10_000_000))])
def test_what_can_be_no_samples(kept: bytes) -> None:
    assert samples_of(kept, 10_000) in (None, kept)
    assert samples_of(b"", 10_000) is None and samples_of(bytes(10_002), 10_000) is None


def test_what_was_made_elsewhere_becomes_an_answer() -> None:
    found = adopted(PLAN, "Hello.", SAMPLES, '"etag"', NOW, NOW + 60.0)
    assert found is not None and found.data == SAMPLES and found.voices == ("low",)
    assert found.about["marks"] == [(1000, 500 / 22_050, 0, 6)]
    for other in (
        replace(PLAN, output=replace(PLAN.output, format="wav")),
        replace(PLAN, output=replace(PLAN.output, channels=2)),
        replace(PLAN, owner="u1"),
    ):
        assert adopted(other, "Hello.", SAMPLES, "", NOW, NOW + 60.0) is None
