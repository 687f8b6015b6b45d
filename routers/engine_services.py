"""Engine services: the engines with all that asks them, made once. Loads none."""

from __future__ import annotations

from typing import NamedTuple

from adapters.catalogue import EngineCatalogue
from adapters.chat.router import Replies
from adapters.operations import EngineOperations
from adapters.phonemes import PhonemeReader
from adapters.selection import EngineSelection
from engines.registry import Registry
from stts.cache.sentences import StoredSentences
from stts.cache.store import CacheStore
from stts.settings import CurrentSettings
from stts.storage.files.store import FileStore
from stts.storage.files.voices import StoredVoices


class EngineServices(NamedTuple):
    """Under the names that `Services` has for them."""

    engines: EngineCatalogue
    selection: EngineSelection
    phonemes: PhonemeReader
    operations: EngineOperations
    replies: Replies


def build_engines(current: CurrentSettings, registry: Registry, files: FileStore, cache: CacheStore) -> EngineServices:
    """Raises InvalidConfiguration for engine options that their engine does not accept."""
    engines = EngineCatalogue(registry, current, StoredVoices(files), StoredSentences(cache, current))
    selection = EngineSelection(engines, current)
    return EngineServices(
        engines,
        selection,
        PhonemeReader(engines, selection),
        EngineOperations(engines, selection, current),
        Replies(current),
    )
