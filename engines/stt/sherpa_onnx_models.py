"""Models of sherpa-onnx: which kind a folder holds, by the names and the metadata of its files, without the library."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engines.onnx_metadata import read_metadata, read_outputs
from stts.errors import EngineLoadFailed

Kind = Literal[
    "transducer",
    "streaming_transducer",
    "nemo_transducer",
    "paraformer",
    "streaming_paraformer",
    "zipformer_ctc",
    "streaming_zipformer_ctc",
    "nemo_ctc",
    "streaming_nemo_ctc",
    "wenet_ctc",
    "streaming_wenet_ctc",
    "sense_voice",
    "whisper",
    "moonshine",
    "moonshine_v2",
]
Part = Literal["preprocessor", "encoder", "decoder", "joiner", "uncached_decoder", "cached_decoder", "model"]

_PARTS: Sequence[tuple[Part, str]] = (
    ("preprocessor", "preprocess"),
    ("uncached_decoder", "uncached_decode"),
    ("cached_decoder", "cached_decode"),
    ("encoder", "encode"),
    ("decoder", "decode"),
    ("joiner", "joiner"),
)
"""Parts of a model, and what is in the names of their files. A file with none of these is a model as a whole."""
_NEEDED: Mapping[Kind, Sequence[Part]] = {
    "transducer": ("encoder", "decoder", "joiner"),
    "streaming_transducer": ("encoder", "decoder", "joiner"),
    "nemo_transducer": ("encoder", "decoder", "joiner"),
    "streaming_paraformer": ("encoder", "decoder"),
    "whisper": ("encoder", "decoder"),
    "moonshine": ("preprocessor", "encoder", "uncached_decoder", "cached_decoder"),
    "moonshine_v2": ("encoder", "decoder"),
}
"""Parts of each kind that has several."""
_WHOLE: Sequence[Part] = ("model",)
_UNTIMED: Sequence[Kind] = ("whisper", "moonshine", "moonshine_v2", "streaming_paraformer")
"""Kinds of which the library tells no times."""
_TIMED_OUTPUTS = 4
"""A Paraformer tells when its tokens were said where its network gives so much: scores, their number, times twice."""

_CHUNKS = ("decode_chunk_len", "chunk_shift")
"""Metadata of networks that hear piece by piece: of Icefall's, and of NeMo's."""
_FRAME_SECONDS = 0.01
_UNSTATED_SECONDS = 0.8
_TOKENS = re.compile(r".*tokens\.txt")
_INT8 = re.compile(r"[._-]int8\b")


@dataclass(frozen=True, slots=True)
class SherpaModel:
    kind: Kind
    tokens: Path
    parts: Mapping[Part, Path]
    metadata: Mapping[str, str]
    """Metadata of its encoder, or of the model as a whole."""
    vocabulary: Path | None
    """`bpe.vocab`, by which hotwords are cut into tokens."""
    timed: bool
    """True if it tells when words were said."""

    @property
    def live(self) -> bool:
        """True if it understands speech while it is spoken."""
        return self.kind.startswith("streaming_")

    @property
    def beams(self) -> bool:
        """True if the library searches it with beams, which hotwords need: Icefall's transducers, not NeMo's."""
        return self.kind in ("transducer", "streaming_transducer") and "chunk_shift" not in self.metadata

    @property
    def window_seconds(self) -> float:
        """Audio that a network which streams takes at once; some do not say it."""
        frames = self.metadata.get("T") or self.metadata.get("window_size") or ""
        return int(frames) * _FRAME_SECONDS if frames.isdigit() else _UNSTATED_SECONDS


def find(folder: Path, kind: Kind | None, *, int8: bool) -> SherpaModel:
    """The model in a folder. `int8`: of two files of one part, the quantised one.

    Raises EngineLoadFailed, which says what is missing or in doubt, and OSError.
    """
    tokens = sorted(path for path in folder.iterdir() if _TOKENS.fullmatch(path.name))
    if len(tokens) != 1:
        raise EngineLoadFailed(f"The folder {folder.name} has {len(tokens)} files of tokens (tokens.txt), not one.")
    files = _files(folder)
    needed = _needed(folder, files, kind)
    parts = {part: _one(folder, part, files.get(part, []), int8=int8) for part in needed}
    first = parts["encoder"] if "encoder" in parts else parts["model"]
    metadata = {} if first.suffix == ".ort" else read_metadata(first)
    vocabulary = folder / "bpe.vocab"
    kind = kind or _kind(folder, needed, first, metadata)
    return SherpaModel(
        kind,
        tokens[0],
        parts,
        metadata,
        vocabulary if vocabulary.is_file() else None,
        timed=kind not in _UNTIMED and (kind != "paraformer" or _paraformer_is_timed(first)),
    )


def _paraformer_is_timed(model: Path) -> bool:
    # The form of `.ort` is another, whose outputs nothing here reads.
    return model.suffix != ".ort" and len(read_outputs(model)) == _TIMED_OUTPUTS


def _files(folder: Path) -> dict[Part, list[Path]]:
    files: dict[Part, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".onnx", ".ort") and path.is_file():
            part: Part = next((part for part, inside in _PARTS if inside in path.name.lower()), "model")
            files.setdefault(part, []).append(path)
    return files


def _needed(folder: Path, files: Mapping[Part, Sequence[Path]], kind: Kind | None) -> Sequence[Part]:
    """Parts that it needs, by its kind or by the files that there are."""
    if kind is not None:
        needed = _NEEDED.get(kind, _WHOLE)
        missing = [part for part in needed if part not in files]
        if missing:
            raise EngineLoadFailed(f"The folder {folder.name} lacks the {' and the '.join(missing)} of a {kind}.")
        return needed
    several = sorted(set(_NEEDED.values()), key=len, reverse=True)
    for needed in (*several, _WHOLE):
        if all(part in files for part in needed):
            return needed
    raise EngineLoadFailed(
        f"The folder {folder.name} holds no model of sherpa-onnx: neither encoder, decoder and joiner, nor encoder and "
        "decoder, nor one model, as .onnx or .ort."
    )


def _one(folder: Path, part: Part, paths: Sequence[Path], *, int8: bool) -> Path:
    wanted = [path for path in paths if bool(_INT8.search(path.name)) == int8] or list(paths)
    if len(wanted) > 1:
        names = ", ".join(path.name for path in wanted)
        raise EngineLoadFailed(f"The folder {folder.name} has several files for the {part}: {names}. Leave one there.")
    return wanted[0]


def _kind(folder: Path, needed: Sequence[Part], first: Path, metadata: Mapping[str, str]) -> Kind:
    stated = metadata.get("model_type", "")
    streams = any(key in metadata for key in _CHUNKS)
    found = _of_parts(needed, first, stated, metadata, streams=streams) or (
        _of_whole(stated, metadata, streams=streams) if "model" in needed else None
    )
    if found is None:
        raise EngineLoadFailed(
            f"{first.name} in {folder.name} does not say what it is ({stated or 'no model_type'}): set `kind`."
        )
    return found


def _of_parts(
    needed: Sequence[Part], first: Path, stated: str, metadata: Mapping[str, str], *, streams: bool
) -> Kind | None:
    if "preprocessor" in needed:
        return "moonshine"
    if "joiner" in needed:
        return "streaming_transducer" if streams else "nemo_transducer" if _nemo(stated) else "transducer"
    if "encoder" in needed and first.suffix == ".ort":
        return "moonshine_v2"
    if "encoder" in needed and stated.startswith("whisper"):
        return "whisper"
    return "streaming_paraformer" if "encoder" in needed and "lfr_window_size" in metadata else None


def _of_whole(stated: str, metadata: Mapping[str, str], *, streams: bool) -> Kind | None:
    if "lang_auto" in metadata:
        return "sense_voice"
    if "lfr_window_size" in metadata:
        return "paraformer"
    if stated.startswith("zipformer2"):
        return "streaming_zipformer_ctc" if streams else "zipformer_ctc"
    if stated == "wenet_ctc":
        return "streaming_wenet_ctc" if "num_blocks" in metadata else "wenet_ctc"
    if _nemo(stated):
        return "streaming_nemo_ctc" if streams else "nemo_ctc"
    return None


def _nemo(stated: str) -> bool:
    return stated.startswith("EncDec")
