"""Which dictionary a plan has: the words of the request, of the voice and of the server, in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stts.pronunciation.dictionary import Dictionary, Layer, dictionary_of, layer_of
from stts.protocols import LibraryVoice
from stts.settings import TTSSettings
from stts.settings.tts import ALL_LANGUAGES
from stts.speech import SynthesisConfig


class ServerDictionaries:
    """The operator's dictionaries by language; made ready once for the settings of the moment."""

    def __init__(self) -> None:
        self._of: Mapping[str, Mapping[str, str]] = {}
        self._layers: dict[str, Layer] = {}

    def of(self, settings: TTSSettings) -> ServerDictionaries:
        """These, brought up to date."""
        if settings.dictionaries is not self._of:
            self._layers = {tag.lower(): layer_of(entries) for tag, entries in settings.dictionaries.items()}
            self._of = settings.dictionaries
        return self

    def layers(self, language: str | None) -> Sequence[Layer]:
        """Those of a language (BCP 47): `en-GB` before `en`, and that of all languages last."""
        if not self._layers:
            return ()
        tags = [] if language is None else language.lower().split("-")
        names = ["-".join(tags[:length]) for length in range(len(tags), 0, -1)]
        return [self._layers[name] for name in (*names, ALL_LANGUAGES) if name in self._layers]


def plan_dictionary(
    config: SynthesisConfig, stored: LibraryVoice | None, server: ServerDictionaries | None, language: str | None
) -> Dictionary | None:
    """`stored`: the voice of the library that speaks; `language`: what it speaks, as a BCP 47 tag."""
    layers = list(server.layers(language)) if server is not None else []
    if not (layers or config.dictionary or (stored is not None and stored.dictionary)):
        return None
    own = [config.dictionary, {} if stored is None else stored.dictionary]
    return dictionary_of([*(layer_of(entries) for entries in own if entries), *layers])
