"""Small models for sherpa-onnx of true architectures, which understand tones: a low one is LOW, a high one is HIGH.

Their networks compare the loudest of the low and of the high bands of the library's own features with a bound. The
package `onnx` writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stts.engine_api import STT_SAMPLE_RATE, Samples
from tests.engines.onnx_graph import ANY, Node, node, write

LOW, HIGH = 300.0, 3000.0
"""Heights in Hz of the tones."""
NEVER = -100.0
TRANSDUCER = ("<blk>", "<sos/eos>", "<unk>", "▁LOW", "▁HI", "GH")
CTC = ("<blk>", "▁LOW", "▁HIGH")
SENSE_VOICE = ("<unk>", "▁LOW", "▁HIGH", "<|zh|>", "<|en|>", "<|ko|>", "<|NEUTRAL|>", "<|Speech|>", "<|withitn|>")
LANGUAGES = {"lang_auto": 0, "lang_zh": 3, "lang_en": 4, "lang_yue": 7, "lang_ja": 11, "lang_ko": 12}
LENGTHS = {"x_lens": "INT64", "lengths": "INT64"}
EDGE = 30, 45
"""The low bands end before, and the high ones begin at."""


def tones(*heights: float, seconds: float = 0.4, pause: float = 0.3) -> Samples:
    """Tones with pauses around them; a height of 0 is a pause more."""
    times = np.arange(round(seconds * STT_SAMPLE_RATE)) / STT_SAMPLE_RATE
    silence = np.zeros(round(pause * STT_SAMPLE_RATE), np.float32)
    parts = [silence]
    for height in heights:
        parts += [(0.3 * np.sin(2 * np.pi * height * times)).astype(np.float32), silence]
    return np.concatenate(parts)


def hardly_audible() -> Samples:
    """Both tones at once for a moment, about as loud as the bound."""
    size, at = 640, 6400
    times = np.arange(size) / STT_SAMPLE_RATE
    both = np.sin(2 * np.pi * LOW * times) + 0.05 * np.sin(2 * np.pi * HIGH * times)
    samples = np.zeros(2 * at, np.float32)
    samples[at : at + size] = 0.3 * np.hanning(size) * both
    return samples


def streaming_transducer(folder: Path, **left_out: bool) -> Path:
    """As Icefall exports one of LSTMs: nine frames a run, four frames apart. `left_out`: metadata that it lacks."""
    write_tokens(folder, TRANSDUCER)
    nodes = [
        node("Slice", "x", [0], [1], [1], gives="first"),
        *scores("first", "encoder_out", TRANSDUCER),
        *(node("Identity", f"state{number}", gives=f"new_state{number}") for number in (0, 1)),
    ]
    state = (1, ANY, 4)
    metadata = {"T": 9, "decode_chunk_len": 4, "num_encoder_layers": 1, "rnn_hidden_size": 4, "d_model": 4}
    write(
        folder / "encoder.onnx",
        nodes,
        {"x": (ANY, 9, 80), "state0": state, "state1": state},
        {"encoder_out": (ANY, 1, len(TRANSDUCER)), "new_state0": state, "new_state1": state},
        {key: value for key, value in {"model_type": "lstm", **metadata}.items() if key not in left_out},
    )
    return _decoder_and_joiner(folder)


def transducer(folder: Path) -> Path:
    """As Icefall exports one that hears an utterance as a whole."""
    write_tokens(folder, TRANSDUCER)
    nodes = [*every_fourth(), *scores("fourth", "encoder_out", TRANSDUCER)]
    write(
        folder / "encoder.onnx",
        nodes,
        {"x": (ANY, ANY, 80), "x_lens": (ANY,)},
        {"encoder_out": (ANY, ANY, len(TRANSDUCER)), "lengths": (ANY,)},
        {"model_type": "zipformer2"},
        LENGTHS,
    )
    return _decoder_and_joiner(folder)


def ctc(folder: Path) -> Path:
    """As Icefall exports one that hears an utterance as a whole."""
    write_tokens(folder, CTC)
    nodes = [*every_fourth(), *scores("fourth", "scores", CTC), node("LogSoftmax", "scores", gives="logits", axis=2)]
    write(
        folder / "model.onnx",
        nodes,
        {"x": (ANY, ANY, 80), "x_lens": (ANY,)},
        {"logits": (ANY, ANY, len(CTC)), "lengths": (ANY,)},
        {"model_type": "zipformer2_ctc"},
        LENGTHS,
    )
    return folder


def sense_voice(folder: Path) -> Path:
    """As FunASR's SenseVoice: seven frames a run, four tags before the words; the first is the language asked for."""
    write_tokens(folder, SENSE_VOICE)
    tags = np.full((16, 4, len(SENSE_VOICE)), NEVER, np.float32)
    for language in range(16):
        tags[language, range(4), [{3: 3, 12: 5}.get(language, 4), 6, 7, 8]] = 0
    nodes = [
        *scores("x", "words", SENSE_VOICE, bound=8.0),  # its samples are 16-bit numbers: silence is not so far below
        node("Gather", tags, "language", gives="tags"),
        node("Concat", "tags", "words", gives="logits", axis=1),
    ]
    scale = {"neg_mean": ",".join(["0"] * 560), "inv_stddev": ",".join(["1"] * 560)}
    frames = {"lfr_window_size": 7, "lfr_window_shift": 6, "normalize_samples": 0, "vocab_size": len(SENSE_VOICE)}
    write(
        folder / "model.onnx",
        nodes,
        {"x": (ANY, ANY, 560), "lengths": (ANY,), "language": (ANY,), "text_norm": (ANY,)},
        {"logits": (ANY, ANY, len(SENSE_VOICE))},
        {"model_type": "sense_voice_ctc", "with_itn": 14, "without_itn": 15, **frames, **scale, **LANGUAGES},
        {"lengths": "INT32", "language": "INT32", "text_norm": "INT32"},
    )
    return folder


def _decoder_and_joiner(folder: Path) -> Path:
    """A word is not said twice in a row, and GH comes after HI."""
    size = len(TRANSDUCER)
    after = np.zeros((size, size), np.float32)
    low, hi, gh = range(3, 6)
    after[:, gh] = NEVER
    after[hi, gh] = 10
    after[low, low] = after[hi, hi] = after[gh, hi] = NEVER
    last = [node("Slice", "y", [1], [2], [1], gives="one"), node("Squeeze", "one", [1], gives="last")]
    table = node("Gather", after, "last", gives="decoder_out")
    write(
        folder / "decoder.onnx",
        [*last, table],
        {"y": (ANY, 2)},
        {"decoder_out": (ANY, size)},
        {"context_size": 2, "vocab_size": size},
        {"y": "INT64"},
    )
    both = {"encoder_out": (ANY, size), "decoder_out": (ANY, size)}
    add = node("Add", "encoder_out", "decoder_out", gives="logit")
    write(folder / "joiner.onnx", [add], both, {"logit": (ANY, size)}, {"joiner_dim": size})
    pieces = "".join(f"{token}\t-{number}\n" for number, token in enumerate(TRANSDUCER))
    (folder / "bpe.vocab").write_text(pieces, encoding="utf-8")
    return folder


def every_fourth() -> list[Node]:
    return [
        node("Slice", "x", [0], [2**40], [1], [4], gives="fourth"),
        node("Add", "x_lens", 3, gives="more"),
        node("Div", "more", 4, gives="lengths"),
    ]


def scores(features: str, to: str, tokens: Sequence[str], bound: float = 0.0) -> list[Node]:
    """The loudest low band for LOW, the loudest high one for HI, GH and HIGH; below the bound the blank wins."""
    end, begin = EDGE
    low = np.array([token == "▁LOW" for token in tokens], np.float32)
    high = np.array([token in ("▁HI", "GH", "▁HIGH") for token in tokens], np.float32)
    bias = np.where(low + high > 0, 0.0, NEVER).astype(np.float32)
    bias[tokens.index("<blk>") if "<blk>" in tokens else 0] = bound
    return [
        node("Slice", features, [0], [end], [2], gives="low"),
        node("Slice", features, [begin], [80], [2], gives="high"),
        *(node("ReduceMax", band, gives=f"{band}_most", axes=[2], keepdims=1) for band in ("low", "high")),
        node("Mul", "low_most", low, gives="low_scores"),
        node("Mul", "high_most", high, gives="high_scores"),
        node("Add", "low_scores", "high_scores", gives="either"),
        node("Add", "either", bias, gives=to),
    ]


def write_tokens(folder: Path, tokens: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = (f"{token} {number}\n" for number, token in enumerate(tokens))
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")
