"""Small models for sherpa-onnx that understand tones while they sound."""

from __future__ import annotations

from pathlib import Path

from tests.engines.onnx_graph import ANY, node, write
from tests.engines.sherpa_models import CTC, scores, write_tokens
from tests.engines.sherpa_other_models import NEMO, NEMO_BOUND, nemo_decoder_and_joiner


def streaming_zipformer_ctc(folder: Path, step: int = 16) -> Path:
    """Runs that are so many frames apart see five more; the states of one layer are there, and nothing changes them."""
    write_tokens(folder, CTC)
    states = {
        "key": (2, ANY, 4),
        "nonlinear": (1, ANY, 2, 3),
        "value1": (2, ANY, 4),
        "value2": (2, ANY, 4),
        "convolution1": (ANY, 4, 1),
        "convolution2": (ANY, 4, 1),
        "embed": (ANY, 128, 3, 19),
        "processed": (ANY,),
    }
    nodes = [
        node("Slice", "x", [0], [step], [1], [4], gives="fourth"),
        *scores("fourth", "scores", CTC),
        node("LogSoftmax", "scores", gives="log_probs", axis=2),
        *(node("Identity", name, gives=f"new_{name}") for name in states),
    ]
    layer = {"encoder_dims": 4, "query_head_dims": 4, "value_head_dims": 4, "num_heads": 1, "num_encoder_layers": 1}
    write(
        folder / "ctc-epoch-1-chunk-16.onnx",
        nodes,
        {"x": (ANY, step + 5, 80), **states},
        {"log_probs": (ANY, step // 4, len(CTC)), **{f"new_{name}": shape for name, shape in states.items()}},
        {
            "model_type": "zipformer2",
            **layer,
            "cnn_module_kernels": 2,
            "left_context_len": 2,
            "T": step + 5,
            "decode_chunk_len": step,
        },
        {"processed": "INT64", "new_processed": "INT64"},
    )
    return folder


def streaming_nemo_transducer(folder: Path) -> Path:
    """Nine frames a run, eight frames apart, with the three caches of a FastConformer, which nothing changes."""
    write_tokens(folder, NEMO)
    size = len(NEMO)
    caches = {"channel": (1, 1, 2, 3), "time": (1, 1, 3, 2), "channel_len": (ANY,)}
    nodes = [
        node("Transpose", "audio", gives="x", perm=[0, 2, 1]),
        node("Slice", "x", [0], [8], [1], [4], gives="fourth"),
        *scores("fourth", "scores", NEMO, NEMO_BOUND),
        node("Transpose", "scores", gives="outputs", perm=[0, 2, 1]),
        node("Identity", "length", gives="lengths"),
        *(node("Identity", name, gives=f"new_{name}") for name in caches),
    ]
    stated = {"subsampling_factor": 4, "normalize_type": "NA", "pred_rnn_layers": 1, "pred_hidden": 4}
    shapes = {
        f"cache_last_{name}_dim{number}": caches[name][number] for name in ("channel", "time") for number in (1, 2, 3)
    }
    write(
        folder / "encoder.onnx",
        nodes,
        {"audio": (ANY, 80, ANY), "length": (ANY,), **caches},
        {"outputs": (ANY, size, ANY), "lengths": (ANY,), **{f"new_{name}": shape for name, shape in caches.items()}},
        {"vocab_size": size - 1, "window_size": 9, "chunk_shift": 8, **stated, **shapes},
        dict.fromkeys(("length", "lengths", "channel_len", "new_channel_len"), "INT64"),
    )
    return nemo_decoder_and_joiner(folder)


def streaming_wenet_ctc(folder: Path) -> Path:
    """Sixty-seven frames a run, sixty-four frames apart, with two caches, which nothing changes."""
    write_tokens(folder, CTC)
    caches = {"attention": (1, 1, ANY, 4), "convolution": (1, 1, 2, 2)}
    nodes = [
        node("Slice", "x", [0], [64], [1], [4], gives="fourth"),
        *scores("fourth", "scores", CTC, 14.0),  # its samples are 16-bit numbers with a little noise
        node("LogSoftmax", "scores", gives="log_probs", axis=2),
        *(node("Identity", name, gives=f"new_{name}") for name in caches),
    ]
    stated = {"head": 1, "num_blocks": 1, "output_size": 2, "cnn_module_kernel": 3, "right_context": 6}
    write(
        folder / "model-streaming.onnx",
        nodes,
        {"x": (ANY, 67, 80), "offset": (1,), "cache_size": (1,), **caches, "mask": (1, 1, ANY)},
        {"log_probs": (ANY, ANY, len(CTC)), **{f"new_{name}": shape for name, shape in caches.items()}},
        {"model_type": "wenet_ctc", "vocab_size": len(CTC), "subsampling_factor": 4, **stated},
        {"offset": "INT64", "cache_size": "INT64", "mask": "BOOL"},
    )
    return folder
