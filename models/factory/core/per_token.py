"""Dynamic int8 with one scale per token: no calibration, and still independent of the rows beside a row.

The usual dynamic quantisation takes one scale over the whole batch, which lets a neighbour change an answer. Here
every row of the left matrix has its own (as in ZeroQuant, Yao et al. 2022), at the price of a few more nodes.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .quantization import constant_products


def quantise_per_token(model: onnx.ModelProto, skip: tuple[str, ...] = ()) -> onnx.ModelProto:
    """Rewrites every `MatMul` with a constant right side to u8 x s8 integer products, in place; returns the model."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    chosen = {node.name for node in constant_products(model, ("MatMul",)) if node.name not in skip}
    constants = {
        "per_token.axis": np.array([-1]),
        "per_token.steps": np.array(127.0, np.float32),
        "per_token.floor": np.array(1e-6, np.float32),
        "per_token.middle": np.array(128.0, np.float32),
        "per_token.zero": np.array(128, np.uint8),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    nodes, quantised = [], set()
    for node in graph.node:
        if node.name not in chosen:
            nodes.append(node)
            continue
        source, weight = node.input
        if source not in quantised:  # query, key and value share their source's codes
            quantised.add(source)
            nodes.extend(_quantise_rows(source))
        scale, small = _columns(numpy_helper.to_array(weights[weight]))
        graph.initializer.remove(weights[weight])
        graph.initializer.append(numpy_helper.from_array(small, f"{weight}.s8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{weight}.scale"))
        nodes.extend(_product(node, source, weight))
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def _columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.maximum(np.abs(weight).max(0) / 127, 1e-8).astype(np.float32)
    return scale, np.clip(np.round(weight / scale), -127, 127).astype(np.int8)


def _quantise_rows(x: str) -> list[onnx.NodeProto]:
    steps = [
        ("Abs", [x], "abs", {}),
        ("ReduceMax", [f"{x}.abs"], "peak", {"axes": [-1], "keepdims": 1}),
        ("Div", [f"{x}.peak", "per_token.steps"], "raw_scale", {}),
        ("Max", [f"{x}.raw_scale", "per_token.floor"], "row_scale", {}),
        ("Div", [x, f"{x}.row_scale"], "scaled", {}),
        ("Round", [f"{x}.scaled"], "rounded", {}),
        ("Add", [f"{x}.rounded", "per_token.middle"], "shifted", {}),
        ("Cast", [f"{x}.shifted"], "codes", {"to": TensorProto.UINT8}),
    ]
    return [
        helper.make_node(op, inputs, [f"{x}.{out}"], name=f"{x}.{out}", **attributes)
        for op, inputs, out, attributes in steps
    ]


def _product(node: onnx.NodeProto, x: str, weight: str) -> list[onnx.NodeProto]:
    name, out = node.name, node.output[0]
    return [
        helper.make_node(
            "MatMulInteger", [f"{x}.codes", f"{weight}.s8", "per_token.zero"], [f"{name}.sum"], name=f"{name}.integer"
        ),
        helper.make_node("Cast", [f"{name}.sum"], [f"{name}.float"], name=f"{name}.to_float", to=TensorProto.FLOAT),
        helper.make_node(
            "Mul", [f"{name}.float", f"{weight}.scale"], [f"{name}.columns"], name=f"{name}.scale_columns"
        ),
        helper.make_node("Mul", [f"{name}.columns", f"{x}.row_scale"], [out], name=name),
    ]
