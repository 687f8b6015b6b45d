"""The page of all engines that come with the server, and of the models that they know."""

from __future__ import annotations

from collections.abc import Iterator

from engines.registry import BUILTIN, Registry
from reference.tables import code, page, table
from stts.engine_info import EngineInfo

INTRODUCTION = (
    "Every engine as it describes itself, without anything loaded, and the models of the catalogue. How "
    "each is set up is told in [Engines](../engines.md), what binds you in [Licences](../licences.md)."
)
HEADS = ("engine", "what", "languages", "can", "Hz", "runs in", "comes by", "licence")
MOST_LANGUAGES = 12
"""Named one by one."""
ABILITIES = {
    "streaming": "streams",
    "cloning": "clones",
    "blending": "blends",
    "phonemes": "phonemes",
    "seed": "seed",
    "word_times": "word times",
    "translation": "translates",
    "language_detection": "finds the language",
    "keywords": "keywords",
    "logprobs": "probabilities",
    "live": "live",
}


def written() -> str:
    registry = Registry()
    infos = [registry.create(name).info for name in BUILTIN]
    return page("Engines", INTRODUCTION, _parts(infos, registry))


def _parts(infos: list[EngineInfo], registry: Registry) -> Iterator[str]:
    for kind, title in (("tts", "Speak"), ("stt", "Listen")):
        yield f"## {title}\n\n{table(HEADS, (_row(info) for info in infos if info.kind == kind))}"
    rest = (_row(info) for info in infos if info.kind not in ("tts", "stt"))
    yield f"## Judge what is heard\n\n{table(HEADS, rest)}"
    models = (
        (code(model.id), code(model.engine), _languages(model.languages), f"{model.bytes / 1e6:.0f} MB", model.licence)
        for model in registry.known_models.values()
    )
    yield f"## Models\n\n{table(('model', 'engine', 'languages', 'size', 'licence'), models)}"


def _row(info: EngineInfo) -> tuple[str, ...]:
    can = [said for name, said in ABILITIES.items() if getattr(info.abilities, name)]
    place = "texts or audio leave this machine" if info.network else info.runs_in
    return (
        code(info.name),
        info.description,
        _languages(info.languages),
        ", ".join(can),
        str(info.sample_rate),
        place,
        info.install if ", and" in info.install else code(info.install) or "the server",
        info.licence,
    )


def _languages(tags: tuple[str, ...]) -> str:
    return ", ".join(tags) if len(tags) <= MOST_LANGUAGES else f"{len(tags)}, {tags[0]} to {tags[-1]}"
