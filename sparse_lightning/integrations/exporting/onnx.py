"""A network as one ONNX file, the user's units in and out."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

import sparse_lightning
from sparse_lightning.errors import InputError
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork
from sparse_lightning.weights import Layer

OPSET = 17
"""The version of ONNX's own operators; runtimes have read it since 2022."""

IR_VERSION = 8
"""The first version of the file format that knows this opset."""

NODES = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "linear": "Identity",
    "softmax": "Softmax",
}


def to_onnx(network: ExportedNetwork) -> bytes:
    """The file of a network; an InputError says when the package onnx is missing.

    The graph takes `inputs`, 64-bit floats `(row, input)`: a number in the unit of its column, or 1
    where a column holds the level that the input stands for, else 0. Scaling is part of the graph.
    A classifier gives `probabilities`, 32-bit floats `(row, class)`; a regressor `targets`, 64-bit
    floats `(row, target)` in their units; other networks give
    `reconstruction`, 64-bit floats `(row, input)` in the units of the inputs, and `codes` or
    `components`. The names of inputs, codes and classes, and the encoding, stand as JSON in the
    metadata `sparse_lightning`.
    """
    onnx = _onnx()
    graph = _Graph(onnx.helper, onnx.numpy_helper)
    encoding, task = network.trained.encoding, network.trained.task
    scaling = {
        "offsets": np.array(encoding.offsets, dtype=np.float64),
        "factors": np.array(encoding.factors, dtype=np.float64),
    }
    for name, values in scaling.items():
        graph.constant(name, values)
    graph.node("Sub", ["inputs", "offsets"], "centred")
    graph.node("Div", ["centred", "factors"], "scaled")
    graph.node("Cast", ["scaled"], "layer_0", to=onnx.TensorProto.FLOAT)
    float32, float64 = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
    last = _add_layers(graph, network.layers)
    width = len(encoding.input_names)
    if task == "classifier":
        graph.node("Identity", [last], "probabilities")
        outputs = [("probabilities", float32, len(network.trained.classes))]
    elif (target := network.trained.target) is not None:
        graph.constant("means", np.array(target.means, dtype=np.float64))
        graph.constant("deviations", np.array(target.deviations, dtype=np.float64))
        graph.node("Cast", [last], "standardised", to=float64)
        graph.node("Mul", ["standardised", "deviations"], "centred_targets")
        graph.node("Add", ["centred_targets", "means"], "targets")
        outputs = [("targets", float64, len(target.names))]
    else:
        graph.node("Cast", [last], "scaled_reconstruction", to=float64)
        graph.node("Mul", ["scaled_reconstruction", "factors"], "centred_reconstruction")
        graph.node("Add", ["centred_reconstruction", "offsets"], "reconstruction")
        scores = "components" if task == "pca" else "codes"
        graph.node("Identity", [f"layer_{network.code_layer}"], scores)
        outputs = [("reconstruction", float64, width), (scores, float32, len(network.codes))]
    helper = onnx.helper
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "network",
            [helper.make_tensor_value_info("inputs", float64, ["row", width])],
            [helper.make_tensor_value_info(name, kind, ["row", n]) for name, kind, n in outputs],
            graph.constants,
        ),
        producer_name="sparse-lightning",
        producer_version=sparse_lightning.__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(
        model, {"sparse_lightning": json.dumps(network.description, ensure_ascii=False)}
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _add_layers(graph: "_Graph", layers: Sequence[Layer]) -> str:
    """Add the layers of a network; `layer_n` is what n of them make of `layer_0`."""
    for place, layer in enumerate(layers, start=1):
        weight, bias, sums = f"weight_{place}", f"bias_{place}", f"sums_{place}"
        graph.constant(weight, layer.weight)
        graph.constant(bias, layer.bias)
        graph.node("Gemm", [f"layer_{place - 1}", weight, bias], sums, transB=1)
        graph.node(NODES[layer.activation], [sums], f"layer_{place}")
    return f"layer_{len(layers)}"


class _Graph:
    """The nodes and constants of a graph as they are added."""

    def __init__(self, helper: Any, numpy_helper: Any):
        self._helper = helper
        self._numpy_helper = numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: int) -> None:
        self.nodes.append(self._helper.make_node(kind, inputs, [output], name=output, **attributes))

    def constant(self, name: str, values: np.ndarray) -> None:
        self.constants.append(self._numpy_helper.from_array(np.ascontiguousarray(values), name))


def _onnx() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise InputError(
            f"the format onnx needs the package onnx: pip install 'sparse-lightning[export]' "
            f"({error})"
        ) from error
    return onnx
