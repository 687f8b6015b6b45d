"""Cuts the network of a Piper voice in three, so that it speaks before the whole sentence is made.

A VITS network makes latent frames of a whole text (`text`), turns them with a flow (`flow`) and draws the sound of each
from its neighbours alone (`decoder`). Flow and decoder are convolutions, so any stretch of frames is exactly what it is
in the whole as soon as those within their reach stand on both sides. The parts are found by the names that Piper's own
export gives its modules; a network that names them otherwise runs as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

FLOW, DECODER = "/flow/", "/dec/"
"""Prefixes of the names of a part's nodes."""

_IMAGE_OPERATORS = frozenset({"Conv", "ConvTranspose", "LeakyRelu", "Add", "Div", "Mul", "Tanh", "Unsqueeze"})
"""Operators of a decoder that mean the same with an axis of height 1 before that of time."""
_TIMES = ("kernel_shape", "strides", "dilations", "output_padding", "pads")


@dataclass(frozen=True, slots=True)
class VoiceParts:
    """The three networks, serialised, and how far each looks."""

    text: bytes
    flow: bytes
    decoder: bytes
    durations: str | None
    """Name of the frames of each id, which `text` makes; None where it is not found."""
    latent: str
    """Name of the frames that the flow is given."""
    turned: str
    """Name of the frames that it makes, and the decoder is given."""
    flow_reach: int
    """Frames on each side that the flow looks at."""
    decoder_reach: int
    image: bool
    """The decoder's inputs have an axis of height 1 before that of time: its convolutions are faster so."""


def split_voice(path: Path) -> VoiceParts | None:
    """The parts of a voice's network; None where it is not built as Piper builds them, or `onnx` is not installed."""
    try:
        import onnx
    except ImportError:
        return None
    model = onnx.load(str(path))
    flow = [node for node in model.graph.node if node.name.startswith(FLOW)]
    opening = next((node for node in model.graph.node if node.name == f"{DECODER}conv_pre/Conv"), None)
    if not flow or opening is None or len(model.graph.output) != 1:
        return None
    turned = opening.input[0]
    before = _Ancestors(model.graph)
    drawing = [node for node in model.graph.node if node.name.startswith(DECODER)]
    decoder = before.of([model.graph.output[0].name], until={turned, *before.made_outside(drawing)})
    flow = before.of([turned], until=before.made_outside(flow))
    if not _outside(decoder, DECODER) <= {"Unsqueeze"} or not flow:
        return None
    into_flow = before.inputs(flow)
    latent = next((name for name in into_flow if before.maker(name).op_type == "Add"), None)
    shared = [*into_flow, *(name for name in before.inputs(decoder) if name not in (turned, *into_flow))]
    durations = [name for node in before.of(shared) if node.op_type == "Ceil" for name in node.output]
    told = durations if len(durations) == 1 and durations[0] not in shared else []
    if latent is None:
        return None
    image = {node.op_type for node in decoder} <= _IMAGE_OPERATORS
    output = decoder[-1].input[0] if image and decoder[-1].op_type == "Unsqueeze" else model.graph.output[0].name
    drawn = [node for node in decoder if output in node.output or node is not decoder[-1]]
    parts = _Parts(model)
    return VoiceParts(
        text=parts.part(before.of(shared), list(model.graph.input), [*shared, *told]),
        flow=parts.part(flow, [_value(name) for name in into_flow], [turned]),
        decoder=parts.part(drawn, [_value(name) for name in before.inputs(drawn)], [output], image=image),
        durations=told[0] if told else None,
        latent=latent,
        turned=turned,
        flow_reach=_reach(flow),
        decoder_reach=_reach(drawn),
        image=image,
    )


class _Ancestors:
    """Finds the nodes that a tensor is made by."""

    def __init__(self, graph: GraphProto) -> None:
        self._nodes = graph.node
        self._makers = {name: node for node in graph.node for name in node.output}

    def maker(self, name: str) -> NodeProto:
        return self._makers[name]

    def of(self, names: Iterable[str], until: Collection[str] = ()) -> list[NodeProto]:
        """In the order of the graph; `until` are tensors behind which nobody looks."""
        wanted = [name for name in names if name not in until]
        found: set[int] = set()
        while wanted:
            node = self._makers.get(wanted.pop())
            if node is not None and id(node) not in found:
                found.add(id(node))
                wanted += [name for name in node.input if name not in until]
        return [node for node in self._nodes if id(node) in found]

    def inputs(self, nodes: Collection[NodeProto]) -> list[str]:
        """Tensors that these nodes read and others make."""
        made = {name for node in nodes for name in node.output}
        read = dict.fromkeys(name for node in nodes for name in node.input)
        return [name for name in read if name in self._makers and name not in made]

    def made_outside(self, part: Collection[NodeProto]) -> set[str]:
        """Tensors that a part gets from others, where those do not get theirs from it: its true inputs."""
        names = {id(node) for node in part}
        return {name for name in self.inputs(part) if not any(id(node) in names for node in self.of([name]))}


def _outside(nodes: Iterable[NodeProto], prefix: str) -> set[str]:
    return {node.op_type for node in nodes if not node.name.startswith(prefix)}


class _Parts:
    """Makes networks of parts of one."""

    def __init__(self, model: ModelProto) -> None:
        self._model = model
        self._weights = {tensor.name: tensor for tensor in model.graph.initializer}

    def part(
        self, nodes: list[NodeProto], inputs: list[ValueInfoProto], outputs: list[str], *, image: bool = False
    ) -> bytes:
        from onnx import helper

        used = dict.fromkeys(name for node in nodes for name in node.input if name in self._weights)
        weights = [self._weights[name] for name in used]
        if image:
            weights = [_weight_as_image(weight) for weight in weights]
            for node in nodes:
                _node_as_image(node)
        graph = helper.make_graph(nodes, "part", inputs, [_value(name) for name in outputs], weights)
        version = self._model.ir_version
        model = helper.make_model(graph, opset_imports=self._model.opset_import, ir_version=version)
        return bytes(model.SerializeToString())


def _value(name: str) -> ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


def _weight_as_image(weight: TensorProto) -> TensorProto:
    from onnx import numpy_helper

    values = numpy_helper.to_array(weight)
    return weight if values.ndim != 3 else numpy_helper.from_array(np.expand_dims(values, 2), weight.name)


def _node_as_image(node: NodeProto) -> None:
    """One axis more: kernels are 1 high, and nothing is padded above and below."""
    if not node.op_type.startswith("Conv"):
        return
    for attribute in node.attribute:
        if attribute.name in _TIMES:
            values = list(attribute.ints)
            neutral = 0 if "pad" in attribute.name else 1
            del attribute.ints[:]
            attribute.ints.extend(each for value in values for each in (neutral, value))


def _reach(nodes: Iterable[NodeProto]) -> int:
    """Frames on each side of an output's that have a part in it: the longest way through the convolutions."""
    far: dict[str, tuple[float, float]] = {}
    for node in nodes:
        reach, rate = max((far.get(name, (0.0, 1.0)) for name in node.input), default=(0.0, 1.0))
        rate = max((far.get(name, (0.0, 1.0))[1] for name in node.input), default=rate)
        if node.op_type.startswith("Conv"):
            width = (_time(node, "kernel_shape") - 1) * _time(node, "dilations")
            if node.op_type == "ConvTranspose":
                reach, rate = reach + width / rate / _time(node, "strides"), rate * _time(node, "strides")
            else:
                reach += width / 2 / rate
        for name in node.output:
            far[name] = (reach, rate)
    return math.ceil(max((reach for reach, _ in far.values()), default=0.0))


def _time(node: NodeProto, name: str) -> int:
    """The value of a convolution's attribute for the axis of time."""
    return next((int(each.ints[-1]) for each in node.attribute if each.name == name), 1)
