"""A voice is its owner's also where the engine is given a derived file, whose name tells nothing of a user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from adapters.speech.plan import SpeechRules, plan_speech
from adapters.speech.voice_choice import VoiceRules
from stts.access.permission import Permission
from stts.access.viewer import Viewer
from stts.cache.answers import entry_of, key_of
from stts.cache.store import CacheStore
from stts.cache.stored import Selection
from stts.engine_api import EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.plans import SpeechPlan
from stts.settings import Settings
from stts.speech import AudioChunk, SynthesisConfig
from stts.storage.files.derived import VERSION
from stts.storage.files.store import FileStore
from stts.storage.files.voices import StoredVoices
from tests.adapters.speech.test_plan import INFO
from tests.stts.voices.recordings import speech, wav

ANNA, BERT = "0123456789abcdef", "0123456789abcde0"
TEXT = "Hello there."


class Cloner(TTSEngine):
    @property
    def info(self) -> EngineInfo:
        return replace(INFO, limits=EngineLimits(reference_seconds=(3.0, 10.0)))

    def load(self, progress: Progress) -> None: ...

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        return iter(())


async def planned(files: FileStore, user: str) -> SpeechPlan:
    config = SynthesisConfig(voice="me", permission=Permission(viewer=Viewer(user)))
    return await plan_speech(Cloner(), config, SpeechRules("cloner", VoiceRules(StoredVoices(files))))


async def test_the_same_recording_of_two_users_is_never_answered_to_the_other(tmp_path: Path) -> None:
    files = FileStore(tmp_path, Settings)
    for owner in (ANNA, BERT):
        files.save("references", "me", wav(speech()), owner=owner)
    anna, bert = await planned(files, ANNA), await planned(files, BERT)
    assert anna.voice.digest == bert.voice.digest and "derived" in Path(anna.voice.reference or "").parts
    assert anna.voice.revision == f"{anna.voice.digest}-3-10-v{VERSION}.wav"
    assert (anna.owner, bert.owner) == (ANNA, BERT)
    assert key_of(anna, TEXT) != key_of(bert, TEXT) and anna.sentence_key(TEXT) != bert.sentence_key(TEXT)
    cache = CacheStore(Settings)
    now = cache.now
    for plan in (anna, bert):
        entry = entry_of(plan, TEXT, [AudioChunk(b"abcd", 1.0, TEXT)], '"e"', now, now + 99)
        assert entry is not None
        cache.put(key_of(plan, TEXT), entry)
    assert await cache.remove(Selection(owner=ANNA)) == 1
    assert cache.in_memory(key_of(anna, TEXT)) is None and cache.in_memory(key_of(bert, TEXT)) is not None
