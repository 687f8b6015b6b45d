"""Checks of a model before the library sees it, which ends its process at one that lacks what it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.onnx_metadata import read_metadata
from engines.stt.sherpa_onnx_models import Kind, Part, SherpaModel
from stts.errors import EngineLoadFailed

_CONTEXT = ("vocab_size", "context_size")
_NEEDED: Mapping[Kind, Sequence[tuple[Part, Sequence[str]]]] = {
    "transducer": (("decoder", _CONTEXT),),
    "nemo_transducer": (("encoder", ("vocab_size", "subsampling_factor", "pred_rnn_layers", "pred_hidden")),),
    "paraformer": (("model", ("lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev")),),
    "streaming_paraformer": (("encoder", ("lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev")),),
    "nemo_ctc": (("model", ("vocab_size", "subsampling_factor")),),
    "sense_voice": (
        (
            "model",
            ("vocab_size", "lfr_window_size", "lfr_window_shift", "normalize_samples", "with_itn", "without_itn"),
        ),
        ("model", ("lang_auto", "lang_zh", "lang_en", "lang_ja", "lang_ko", "lang_yue", "neg_mean", "inv_stddev")),
    ),
    "whisper": (("encoder", ("n_mels", "n_text_layer", "n_text_ctx", "n_text_state", "n_vocab", "sot_sequence")),),
}
"""Metadata without which the library ends its process."""
_NEEDED_TO_STREAM: Sequence[tuple[Part, Sequence[str]]] = (("encoder", ("model_type", "T")), ("decoder", _CONTEXT))
"""The same of Icefall's transducers that stream; NeMo's, which have no `decode_chunk_len`, need others."""
_SCORE = re.compile(rb"-?[0-9.]+(e-?[0-9]+)?")
_ENCODED: Sequence[Kind] = ("whisper", "moonshine", "moonshine_v2")
"""Kinds whose tokens are written in base 64."""


@dataclass(frozen=True, slots=True)
class Tokens:
    capitals: bool
    """True if all of its letters are capital ones."""
    characters: bool
    """True if most of its tokens are characters, as for Chinese, so that hotwords need no vocabulary of pieces."""


def check(model: SherpaModel) -> Tokens:
    """Looks at all of its files. Raises EngineLoadFailed, which says what is wrong, and OSError."""
    entries: dict[Path, Mapping[str, str]] = {}
    for path in model.parts.values():
        entries[path] = {} if path.suffix == ".ort" else read_metadata(path)
    for part, keys in _needed(model):
        missing = [key for key in keys if key not in entries[model.parts[part]]]
        if missing:
            name = model.parts[part].name
            raise EngineLoadFailed(f"{name} is no {part} of a {model.kind}: its metadata lacks {', '.join(missing)}.")
    symbols = _symbols(model.tokens)
    if model.kind in _ENCODED:
        return Tokens(capitals=False, characters=False)
    stated = [each["vocab_size"] for each in entries.values() if "vocab_size" in each]
    if stated and stated[0].isdigit() and len(symbols) < int(stated[0]):
        raise EngineLoadFailed(
            f"{model.tokens.name} belongs to another model: it has {len(symbols)} tokens, the model {stated[0]}."
        )
    words = [symbol for symbol in symbols if not symbol.startswith("<")]
    single = sum(len(word) == 1 and not word.isascii() for word in words)
    return Tokens(
        capitals=any(word != word.lower() for word in words) and not any(word != word.upper() for word in words),
        characters=2 * single > len(words),
    )


def check_pieces(path: Path) -> None:
    """Looks at a vocabulary of pieces (`bpe.vocab`). Raises EngineLoadFailed for what is none, and OSError."""
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        parts = line.split()
        if len(parts) != 2 or not _SCORE.fullmatch(parts[1]):
            raise EngineLoadFailed(f"{path.name} holds no vocabulary: line {number} is no piece with its score.")


def _needed(model: SherpaModel) -> Sequence[tuple[Part, Sequence[str]]]:
    if model.kind == "streaming_transducer" and "decode_chunk_len" in model.metadata:
        return _NEEDED_TO_STREAM
    return _NEEDED.get(model.kind, ())


def _symbols(path: Path) -> list[str]:
    """The tokens of a file: a symbol and its number in each line; a line without a symbol is that of the space."""
    symbols = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        *symbol, index = line.split() or [b""]
        if len(symbol) > 1 or not index.isdigit():
            raise EngineLoadFailed(f"{path.name} holds no tokens: line {number} is no symbol with its number.")
        symbols.append(symbol[0].decode(errors="replace") if symbol else " ")
    if not symbols:
        raise EngineLoadFailed(f"{path.name} is empty.")
    return symbols
