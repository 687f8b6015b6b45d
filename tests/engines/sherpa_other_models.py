"""More small models for sherpa-onnx that understand tones: NeMo's, WeNet's, Paraformer, Whisper."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from tests.engines.onnx_graph import ANY, node, write
from tests.engines.sherpa_models import CTC, LENGTHS, NEVER, every_fourth, scores, write_tokens

NEMO = ("▁LOW", "▁HI", "GH", "<blk>")
NEMO_BOUND = -6.0
"""Its features are far lower than others: its bands are of one area."""
PARAFORMER = ("<blank>", "<s>", "</s>", "lo@@", "w", "hi@@", "gh")
WHISPER = ("low", " high")


def nemo_ctc(folder: Path) -> Path:
    tokens = (*CTC[1:], CTC[0])
    write_tokens(folder, tokens)
    nodes = [
        node("Transpose", "audio", gives="x", perm=[0, 2, 1]),
        *every_fourth()[:1],
        *scores("fourth", "scores", tokens, NEMO_BOUND),
        node("LogSoftmax", "scores", gives="logprobs", axis=2),
    ]
    write(
        folder / "model.onnx",
        nodes,
        {"audio": (ANY, 80, ANY), "length": (ANY,)},
        {"logprobs": (ANY, ANY, len(tokens))},
        {"model_type": "EncDecCTCModelBPE", "vocab_size": len(tokens), "subsampling_factor": 4, "normalize_type": "NA"},
        {"length": "INT64"},
    )
    return folder


def nemo_transducer(folder: Path) -> Path:
    """Its decoder keeps states, and its blank is the last token."""
    write_tokens(folder, NEMO)
    size = len(NEMO)
    nodes = [
        node("Transpose", "audio", gives="x", perm=[0, 2, 1]),
        *every_fourth(),
        *scores("fourth", "scores", NEMO, NEMO_BOUND),
        node("Transpose", "scores", gives="outputs", perm=[0, 2, 1]),
    ]
    stated = {"subsampling_factor": 4, "normalize_type": "NA", "pred_rnn_layers": 1, "pred_hidden": 4}
    write(
        folder / "encoder.onnx",
        nodes,
        {"audio": (ANY, 80, ANY), "x_lens": (ANY,)},
        {"outputs": (ANY, size, ANY), "lengths": (ANY,)},
        {"model_type": "EncDecRNNTBPEModel", "vocab_size": size - 1, **stated},
        LENGTHS,
    )
    return nemo_decoder_and_joiner(folder)


def nemo_decoder_and_joiner(folder: Path) -> Path:
    """A word is not said twice in a row, and GH comes after HI."""
    size = len(NEMO)
    low, hi, gh = range(3)
    after = np.zeros((size, size), np.float32)
    after[:, gh] = NEVER
    after[hi, gh] = 30
    after[low, low] = after[hi, hi] = after[gh, hi] = NEVER
    states = {"state0": (1, ANY, 4), "state1": (1, ANY, 4)}
    nodes = [
        node("Gather", after, "targets", gives="looked_up"),
        node("Transpose", "looked_up", gives="outputs", perm=[0, 2, 1]),
        node("Identity", "target_length", gives="prednet_lengths"),
        *(node("Identity", name, gives=f"new_{name}") for name in states),
    ]
    write(
        folder / "decoder.onnx",
        nodes,
        {"targets": (ANY, 1), "target_length": (ANY,), **states},
        {"outputs": (ANY, size, 1), "prednet_lengths": (ANY,), **{f"new_{name}": (1, ANY, 4) for name in states}},
        {},
        {"targets": "INT32", "target_length": "INT32", "prednet_lengths": "INT32"},
    )
    both = {"encoder_outputs": (ANY, size, 1), "decoder_outputs": (ANY, size, 1)}
    nodes = [
        node("Add", *both, gives="sum"),
        node("Transpose", "sum", gives="turned", perm=[0, 2, 1]),
        node("Unsqueeze", "turned", [1], gives="logit"),
    ]
    write(folder / "joiner.onnx", nodes, both, {"logit": (ANY, 1, 1, size)}, {})
    return folder


def wenet_ctc(folder: Path) -> Path:
    write_tokens(folder, CTC)
    # Its samples are 16-bit numbers with a little noise.
    nodes = [
        *every_fourth(),
        *scores("fourth", "scores", CTC, 14.0),
        node("LogSoftmax", "scores", gives="logits", axis=2),
    ]
    write(
        folder / "model.onnx",
        nodes,
        {"x": (ANY, ANY, 80), "x_lens": (ANY,)},
        {"logits": (ANY, ANY, len(CTC)), "lengths": (ANY,)},
        {"model_type": "wenet_ctc", "vocab_size": len(CTC), "subsampling_factor": 4},
        LENGTHS,
    )
    return folder


def timed_paraformer(folder: Path) -> Path:
    """The same; it also tells in thirds of a frame when each token was said, and where the last of them ends."""
    return paraformer(folder, timed=True)


def paraformer(folder: Path, *, timed: bool = False) -> Path:
    """A token for each frame at which a tone begins; a word's pieces come one after the other."""
    write_tokens(folder, PARAFORMER)
    kinds = ("<blk>", "▁LOW", "▁HI")
    written = np.full((2, 2, len(PARAFORMER)), NEVER, np.float32)
    written[[[0, 0], [1, 1]], [0, 1], [[3, 4], [5, 6]]] = 0
    nodes = [
        *scores("x", "scores", kinds, 8.0),
        node("ArgMax", "scores", gives="kind", axis=2, keepdims=0),
        node("Pad", "kind", [0, 1, 0, 0], gives="padded"),
        node("Slice", "padded", [0], [-1], [1], gives="before"),
        node("Equal", "kind", "before", gives="same"),
        node("Not", "same", gives="new"),
        node("Greater", "kind", 0, gives="any_tone"),
        node("And", "new", "any_tone", gives="begins"),
        node("Squeeze", "begins", [0], gives="where"),
        node("Squeeze", "kind", [0], gives="kinds"),
        node("Compress", "kinds", "where", gives="found", axis=0),
        node("Sub", "found", 1, gives="word"),
        node("Gather", written, "word", gives="pairs"),  # (words, 2, vocabulary)
        node("Reshape", "pairs", [1, -1, len(PARAFORMER)], gives="logits"),
        node("Shape", "logits", gives="shape"),
        node("Slice", "shape", [1], [2], [0], gives="count"),
        node("Cast", "count", gives="token_num", to=6),
    ]
    times = {"us_alphas": (ANY, ANY), "us_cif_peak": (ANY, ANY)} if timed else {}
    if timed:
        nodes += [
            node("Cast", "begins", gives="begin", to=1),
            node("Reshape", "begin", [1, -1, 1], gives="each"),
            node("Mul", "each", np.array([[[1, 1, 0]]], np.float32), gives="thirds"),
            node("Reshape", "thirds", [1, -1], gives="said"),
            node("Concat", "said", np.ones((1, 1), np.float32), gives="us_cif_peak", axis=1),
            node("Identity", "us_cif_peak", gives="us_alphas"),
        ]
    scale = {"neg_mean": ",".join(["0"] * 560), "inv_stddev": ",".join(["1"] * 560)}
    frames = {"lfr_window_size": 7, "lfr_window_shift": 6, "vocab_size": len(PARAFORMER)}
    write(
        folder / "model.onnx",
        nodes,
        {"x": (ANY, ANY, 560), "lengths": (ANY,)},
        {"logits": (ANY, ANY, len(PARAFORMER)), "token_num": (ANY,), **times},
        {"model_type": "paraformer", **frames, **scale},
        {"lengths": "INT32", "token_num": "INT32"},
    )
    return folder


def whisper(folder: Path) -> Path:
    """It says the same whatever it hears: what its decoder writes depends on the position alone."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (base64.b64encode(token.encode()) + f" {number}\n".encode() for number, token in enumerate(WHISPER))
    (folder / "tiny.en-tokens.txt").write_bytes(b"".join(lines))
    size, start, end = 8, 3, 2
    cross = {"n_layer_cross_k": (1, ANY, ANY, 4), "n_layer_cross_v": (1, ANY, ANY, 4)}
    nodes = [
        node("Transpose", "mel", gives="frames", perm=[0, 2, 1]),
        node("Slice", "frames", [0], [4], [2], gives="few"),
        *(node("Unsqueeze", "few", [0], gives=name) for name in cross),
    ]
    stated = {"n_mels": 80, "n_text_layer": 1, "n_text_ctx": 16, "n_text_state": 4, "n_vocab": size, "sot": start}
    tokens = {"eot": end, "blank_id": 7, "translate": 6, "transcribe": 6, "is_multilingual": 0, "no_timestamps": 5}
    write(
        folder / "tiny.en-encoder.onnx",
        nodes,
        {"mel": (ANY, 80, ANY)},
        cross,
        {"model_type": "whisper-tiny.en", **stated, **tokens, "no_speech": 4, "sot_sequence": start},
    )
    caches = {"self_k_cache": (1, ANY, 16, 4), "self_v_cache": (1, ANY, 16, 4)}
    # `low` behind what begins a text, then `high`, then the end.
    writes = np.full((16, size), NEVER, np.float32)
    writes[range(16), [0, *[1], *[1], *[end] * 13]] = 0
    nodes = [
        node("Gather", writes, "offset", gives="row"),  # (1, vocabulary)
        node("Unsqueeze", "row", [1], gives="one"),
        node("Shape", "tokens", gives="shape"),
        node("Concat", "shape", [1], gives="shape3", axis=0),
        node("Expand", "one", "shape3", gives="logits"),
        *(node("Identity", name, gives=f"new_{name}") for name in caches),
    ]
    write(
        folder / "tiny.en-decoder.onnx",
        nodes,
        {"tokens": (ANY, ANY), **caches, **cross, "offset": (1,)},
        {"logits": (ANY, ANY, size), **{f"new_{name}": shape for name, shape in caches.items()}},
        {},
        {"tokens": "INT64", "offset": "INT64"},
    )
    return folder


def multilingual_whisper(folder: Path) -> Path:
    """It says `low` to whom asks for English, ` high` to whom asks for German; what it hears it takes for German."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (base64.b64encode(token.encode()) + f" {number}\n".encode() for number, token in enumerate(WHISPER))
    (folder / "tiny-tokens.txt").write_bytes(b"".join(lines))
    size, end, start, unstamped, english, german = 12, 2, 3, 5, 10, 11
    cross = {"n_layer_cross_k": (1, ANY, ANY, 4), "n_layer_cross_v": (1, ANY, ANY, 4)}
    nodes = [
        node("Transpose", "mel", gives="frames", perm=[0, 2, 1]),
        node("Slice", "frames", [0], [4], [2], gives="few"),
        *(node("Unsqueeze", "few", [0], gives=name) for name in cross),
    ]
    stated = {"n_mels": 80, "n_text_layer": 1, "n_text_ctx": 16, "n_text_state": 4, "n_vocab": size, "sot": start}
    tokens = {"eot": end, "blank_id": 7, "translate": 8, "transcribe": 6, "is_multilingual": 1, "no_speech": 4}
    known = {"all_language_tokens": f"{english},{german}", "all_language_codes": "en,de"}
    sequence = {"no_timestamps": unstamped, "sot_sequence": f"{start},{english},6"}
    write(
        folder / "tiny-encoder.onnx",
        nodes,
        {"mel": (ANY, 80, ANY)},
        cross,
        {"model_type": "whisper-tiny", **stated, **tokens, **known, **sequence},
    )
    # What follows is the sum over all tokens of a run: its prompt has the language, each later run the last word.
    after = np.zeros((size, size), np.float32)
    after[[english, german, start], [0, 1, german]] = 10
    after[unstamped, 2:] = NEVER
    after[:2] = np.where(np.arange(size) == end, 0, NEVER)
    caches = {"self_k_cache": (1, ANY, 16, 4), "self_v_cache": (1, ANY, 16, 4)}
    nodes = [
        node("Gather", after, "tokens", gives="each"),
        node("ReduceSum", "each", [1], gives="one", keepdims=1),
        node("Shape", "tokens", gives="shape"),
        node("Concat", "shape", [1], gives="shape3", axis=0),
        node("Expand", "one", "shape3", gives="logits"),
        node("Identity", "offset", gives="unused"),
        *(node("Identity", name, gives=f"new_{name}") for name in caches),
    ]
    write(
        folder / "tiny-decoder.onnx",
        nodes,
        {"tokens": (ANY, ANY), **caches, **cross, "offset": (1,)},
        {"logits": (ANY, ANY, size), **{f"new_{name}": shape for name, shape in caches.items()}},
        {},
        {"tokens": "INT64", "offset": "INT64"},
    )
    return folder
