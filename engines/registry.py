"""Engine name -> class. Built-ins are entry points like everybody else's: one road for both.

A package offers an engine with

    [project.entry-points."stts.engines"]
    my_engine = "my_package:MyEngine"

Nothing is imported until an engine's description is asked for, and no engine module imports its library at import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from typing import Any

from pydantic import ValidationError

from engines.installed_points import installed_points
from engines.models.catalogue import KnownModels, OwnModels
from stts.engine_api import Engine
from stts.environment import keep_quiet
from stts.errors import InvalidConfiguration, UnknownEngine
from stts.models import CatalogueModel

GROUP = "stts.engines"

BUILTIN: Mapping[str, str] = {
    "hibari": "engines.tts.hibari:HibariEngine",
    "espeak": "engines.tts.espeak:EspeakEngine",
    "piper": "engines.tts.piper:PiperEngine",
    "kokoro": "engines.tts.kokoro:KokoroEngine",
    "pocket": "engines.tts.pocket:PocketEngine",
    "chatterbox": "engines.tts.chatterbox:ChatterboxEngine",
    "chatterbox_multilingual": "engines.tts.chatterbox:ChatterboxMultilingualEngine",
    "chatterbox_turbo": "engines.tts.chatterbox:ChatterboxTurboEngine",
    "edge": "engines.tts.edge:EdgeEngine",
    "gtts": "engines.tts.gtts:GoogleEngine",
    "remote_tts": "engines.tts.remote:RemoteSpeechEngine",
    "faster_whisper": "engines.stt.faster_whisper:FasterWhisperEngine",
    "pocketsphinx": "engines.stt.pocketsphinx:PocketSphinxEngine",
    "whisper": "engines.stt.whisper:WhisperEngine",
    "moonshine": "engines.stt.moonshine:MoonshineEngine",
    "vosk": "engines.stt.vosk:VoskEngine",
    "sherpa_onnx": "engines.stt.sherpa_onnx:SherpaOnnxEngine",
    "remote_stt": "engines.stt.remote:RemoteListeningEngine",
    "silero": "engines.vad.silero:SileroEngine",
    "speaker_embedding": "engines.speaker.embedding:SpeakerEmbeddingEngine",
    "smart_turn": "engines.turn.smart_turn:SmartTurnEngine",
}


class Registry:
    """The engines that can be named. A test passes its own entry points."""

    def __init__(self, extra: Iterable[EntryPoint] = ()) -> None:
        keep_quiet()  # No engine is made, and no library of one imported, before there is a registry.
        builtin = [EntryPoint(name, target, GROUP) for name, target in BUILTIN.items()]
        self._points: dict[str, EntryPoint] = {
            point.name: point for point in (*builtin, *installed_points(GROUP), *extra)
        }
        self.known_models: Mapping[str, CatalogueModel] = KnownModels()
        """The model catalogue."""

    def names(self) -> list[str]:
        return list(self._points)

    def target(self, name: str) -> str:
        """`module:Class` of an engine, for a child process that must make it again."""
        return self._point(name).value

    def engine_class(self, name: str) -> type[Engine] | None:
        """The class of an engine; None where its module cannot be imported or holds something else."""
        try:
            found = self._point(name).load()
        except Exception:  # noqa: BLE001 - a stranger's module: whatever it raises, the other engines go on
            return None
        return found if isinstance(found, type) and issubclass(found, Engine) else None

    def create(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        model_folders: Sequence[str] = (),
        offline: bool = False,
    ) -> Engine:
        """Makes an engine with validated options; loads nothing. `key` is where the operator wrote them.

        `model_folders` are searched for models after the installed packages; `offline`: no weights are fetched.

        Raises UnknownEngine, and InvalidConfiguration for options its model does not accept.
        """
        engine_class: type[Engine] = self._point(name).load()
        key = key or f"engines.options.{name}"
        try:
            engine = engine_class(engine_class.Options.model_validate(dict(options or {})))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            path = ".".join([key, *map(str, first["loc"])])
            raise InvalidConfiguration(f"{path}: {first['msg']}", param=path) from error
        engine.options_key = key
        engine.model_folders, engine.offline = tuple(model_folders), offline
        engine.known_models = OwnModels(self.known_models, name)
        return engine

    def _point(self, name: str) -> EntryPoint:
        try:
            return self._points[name]
        except KeyError:
            raise UnknownEngine("There is no such engine.", param="engine", allowed=sorted(self._points)) from None
