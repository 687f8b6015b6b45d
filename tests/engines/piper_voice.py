"""A voice that is small enough to be made in a test, with the joints of Piper's own network: text, flow, decoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

CHANNELS, HOP, RATE = 4, 8, 16_000
PHONEMES = ("_", "^", "$", " ", ",", ".", "a", "b", "d", "e", "h", "i", "l", "n", "o", "s", "t", "ˈ")


def description(**changes: object) -> dict[str, object]:
    return {
        "audio": {"sample_rate": RATE, "quality": "low"},
        "espeak": {"voice": "en-us"},
        "language": {"code": "en_US"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {each: [number] for number, each in enumerate(PHONEMES)},
        "num_symbols": len(PHONEMES),
        "num_speakers": 1,
        "speaker_id_map": {},
        "dataset": "tiny",
        **changes,
    }


def describe(folder: Path, name: str, **changes: object) -> Path:
    """A voice with a description and no network."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    path.write_bytes(b"no network")
    Path(f"{path}.json").write_text(json.dumps(description(**changes)))
    return path


def several_speakers(folder: Path) -> Path:
    """A voice of two speakers, whose flow and decoder hear which one it is. Needs `onnx`."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    path = describe(folder, "en_US-tiny-low", num_speakers=2, speaker_id_map={"ann": 0, "bob": 1})
    random = np.random.default_rng(0)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(random.normal(0, 0.5, shape).astype(np.float32), name)

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [output], name=output.removesuffix("_out"), **attributes)

    weights = [
        weight("embedding", len(PHONEMES), CHANNELS),
        weight("speakers", 2, CHANNELS),
        weight("turn", CHANNELS, CHANNELS, 5),
        weight("turn_speaker", CHANNELS, CHANNELS, 1),
        weight("open", CHANNELS, CHANNELS, 7),
        weight("open_speaker", CHANNELS, CHANNELS, 1),
        weight("up", CHANNELS, 2, 16),
        weight("wide", 2, 2, 3),
        weight("close", 1, 2, 7),
        numpy_helper.from_array(np.array([0.0], np.float32), "nothing"),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        numpy_helper.from_array(np.array([1, 1, 6], np.float32), "stretch"),
        numpy_helper.from_array(np.array(2, np.int64), "last"),
    ]
    nodes = [
        node("Gather", ["embedding", "input"], "/emb_out"),
        node("Transpose", ["/emb_out"], "/rows_out", perm=[0, 2, 1]),
        node("Resize", ["/rows_out", "", "stretch"], "/frames_out", mode="linear"),
        node("Gather", ["scales", "last"], "/noise_out"),
        node("Mul", ["/noise_out", "nothing"], "/none_out"),
        node("Add", ["/frames_out", "/none_out"], "/Add_out"),
        node("Gather", ["speakers", "sid"], "/speaker_out"),
        node("Unsqueeze", ["/speaker_out", "minus"], "/g_out"),
        node("Conv", ["/Add_out", "turn"], "/flow/conv/Conv_out", pads=[2, 2], kernel_shape=[5]),
        node("Conv", ["/g_out", "turn_speaker"], "/flow/cond/Conv_out", kernel_shape=[1]),
        node("Add", ["/flow/conv/Conv_out", "/flow/cond/Conv_out"], "/flow/Add_out"),
        node("Tanh", ["/flow/Add_out"], "/Mul_out"),
        node("Conv", ["/Mul_out", "open"], "/dec/conv_pre/Conv_out", pads=[3, 3], kernel_shape=[7]),
        node("Conv", ["/g_out", "open_speaker"], "/dec/cond/Conv_out", kernel_shape=[1]),
        node("Add", ["/dec/conv_pre/Conv_out", "/dec/cond/Conv_out"], "/dec/Add_out"),
        node("ConvTranspose", ["/dec/Add_out", "up"], "/dec/up_out", strides=[HOP], pads=[4, 4], kernel_shape=[16]),
        node("Conv", ["/dec/up_out", "wide"], "/dec/wide_out", pads=[3, 3], dilations=[3], kernel_shape=[3]),
        node("Conv", ["/dec/wide_out", "close"], "/dec/close_out", pads=[3, 3], kernel_shape=[7]),
        node("Tanh", ["/dec/close_out"], "/dec/Tanh_out"),
        node("Unsqueeze", ["/dec/Tanh_out", "one"], "output"),
    ]
    weights.append(numpy_helper.from_array(np.array([-1], np.int64), "minus"))
    graph = helper.make_graph(
        nodes,
        "voice",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, "ids"]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
            helper.make_tensor_value_info("sid", TensorProto.INT64, [1]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8), str(path))
    return path
