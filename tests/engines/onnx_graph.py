"""ONNX files written operation by operation. The package `onnx` does it, and is imported when one is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ANY: Any = "any"
"""A length that is known when the network runs."""
Shapes = Mapping[str, tuple[Any, ...]]
NONE: Mapping[str, str] = {}


class Node:
    """An operation; inputs that are no names become constants of the graph."""

    def __init__(self, operation: str, inputs: Sequence[Any], gives: str, attributes: Mapping[str, Any]) -> None:
        names = [each if isinstance(each, str) else f"{gives}_{number}" for number, each in enumerate(inputs)]
        self.operation, self.names, self.gives, self.attributes = operation, names, gives, attributes
        self.constants = {
            name: np.asarray(each) for name, each in zip(names, inputs, strict=True) if not isinstance(each, str)
        }


def node(operation: str, *inputs: Any, gives: str, **attributes: Any) -> Node:
    return Node(operation, inputs, gives, attributes)


def write(
    path: Path,
    nodes: Sequence[Node],
    inputs: Shapes,
    outputs: Shapes,
    metadata: Mapping[str, Any],
    whole: Mapping[str, str] = NONE,
) -> None:
    """Writes a network. `whole`: the type of those of its inputs and outputs that are whole numbers."""
    import onnx
    from onnx import helper, numpy_helper

    def value(name: str, shape: tuple[Any, ...]) -> Any:
        return helper.make_tensor_value_info(name, getattr(onnx.TensorProto, whole.get(name, "FLOAT")), shape)

    graph = helper.make_graph(
        [helper.make_node(each.operation, each.names, [each.gives], **each.attributes) for each in nodes],
        "tones",
        [value(*each) for each in inputs.items()],
        [value(*each) for each in outputs.items()],
        [numpy_helper.from_array(array, name) for each in nodes for name, array in each.constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {key: str(each) for key, each in metadata.items()})
    onnx.checker.check_model(model)
    onnx.save(model, path)
