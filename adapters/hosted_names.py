"""Models and voices by the names that clients of hosted services call them."""

from __future__ import annotations

import time

from adapters.catalogue import EngineCatalogue
from adapters.model_names import may_do
from stts.engine_api import EngineKind
from stts.engine_state import AUTO
from stts.errors import Conflict, UnknownModel
from stts.hosted_models import without_version
from stts.languages import nearest
from stts.settings import CurrentSettings, Settings
from stts.storage.files.names import same_voice
from stts.voice_names import HOSTED


class ModelCatalogue:
    """Hosted names by `openai.models`, engines by their own, and `auto`. One for all dialects."""

    def __init__(self, engines: EngineCatalogue, settings: CurrentSettings) -> None:
        self._engines = engines
        self._settings = settings
        self._known_by: tuple[Settings, dict[EngineKind, dict[str, str]]] = (settings(), {})
        """Models by kind, and the settings that they are of."""
        self.created = int(time.time())
        """Creation time told of every model, as Unix time."""

    def engine(self, model: str, kind: EngineKind) -> str:
        """The engine behind a model that does this. Raises UnknownModel."""
        known = self._known(kind)
        engine = known.get(model) or known.get(model.strip().lower()) or known.get(without_version(model) or "")
        if engine is None:
            near = nearest(model, known)
            hint = f" Near it are: {', '.join(near)}." if near else ""
            raise UnknownModel(
                f"There is no such model for this.{hint}",
                param="model",
                allowed=[*near, *(name for name in sorted(known) if name not in near)],
            )
        return engine

    def names(self, *kinds: EngineKind) -> list[str]:
        """Models that can work here; engines that are not installed are left out."""
        installed = {AUTO} | {each.name for each in self._engines.descriptions() if each.installed}
        known = {name: engine for kind in kinds for name, engine in self._known(kind).items()}
        return [name for name, engine in known.items() if engine in installed]

    def _known(self, kind: EngineKind) -> dict[str, str]:
        """Model -> engine; a hosted name hides an engine of the same name."""
        settings = self._settings()
        if self._known_by[0] is not settings:
            self._known_by = (settings, {})
        known = self._known_by[1]
        if kind not in known:
            engines = self._engines.names(kind)
            hosted = {
                model: engine
                for model, engine in settings.openai.models.items()
                if engine in engines or (engine == AUTO and may_do(model, kind))
            }
            known[kind] = {AUTO: AUTO} | {name: name for name in sorted(engines)} | hosted
        return known[kind]


def hosted_voices(settings: CurrentSettings) -> list[str]:
    """Names that mean some voice on every engine."""
    mapped = {name for voices in settings().openai.voices.values() for name in voices}
    return sorted({*HOSTED, *mapped})


def require_own_name(name: str, engines: EngineCatalogue, settings: CurrentSettings) -> None:
    """Raises Conflict for a name of a library voice that means another voice already, which would speak instead."""
    wanted = same_voice(name)
    if wanted in map(same_voice, hosted_voices(settings)):
        raise Conflict(
            "This name means a voice of the hosted service, on every engine: choose another `name`.", param="name"
        )
    for each in engines.descriptions("tts"):
        if each.installed and any(wanted in (voice.id.casefold(), voice.name.casefold()) for voice in each.voices):
            raise Conflict(
                f"{each.name} has a voice of its own of this name, which would speak instead: choose another `name`.",
                param="name",
            )
