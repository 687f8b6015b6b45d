"""Hotwords of sherpa-onnx: which models know them, how they are cut into tokens, and how the library wants them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engines.stt.sherpa_onnx_checks import Tokens
from engines.stt.sherpa_onnx_models import SherpaModel

_SIGNS = re.compile(r"[/:#@\s]+")
"""Signs by which the library parts hotwords and reads numbers from them."""


def written(phrases: Iterable[str], *, capitals: bool) -> str:
    """The phrases as the library wants them. `capitals`: the model writes nothing but capital letters."""
    plain = (_SIGNS.sub(" ", phrase).strip() for phrase in phrases)
    return "/".join(phrase.upper() if capitals else phrase for phrase in plain if phrase)


def unit_of(model: SherpaModel, tokens: Tokens) -> str:
    """How the library cuts hotwords into tokens of the model; empty where it cannot."""
    if not model.beams:
        return ""
    if tokens.characters:
        return "cjkchar+bpe" if model.vocabulary else "cjkchar"
    return "bpe" if model.vocabulary else ""


def favours(model: SherpaModel | None, *, beams: bool) -> bool:
    """Whether it can take words of a request, as far as that is known of a model that is not loaded."""
    return beams and model is not None and model.beams and model.vocabulary is not None


def why_none(model: SherpaModel) -> str:
    """The reason for which a model takes no hotwords, for people."""
    if not model.beams:
        return f"this {model.kind} knows no hotwords, only transducers of Icefall do."
    return (
        "hotwords need the option `decoding: modified_beam_search`, and for letters a file bpe.vocab beside the model."
    )
