"""The encoder as an ONNX graph, written node by node so that it reaches the runtime in its fused form.

The attention core and bias + GELU are the `com.microsoft` nodes that the runtime's optimiser would
make of a plain export; weight products stay rank-3 `MatMul` nodes with a constant right side, which is the one
form whose quantised version the runtime fuses. Heads and feed-forward width may differ from layer to layer.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .encoder import Encoder, EncoderConfig

OPSET = 17
MICROSOFT = "com.microsoft"


class GraphWriter:
    """Collects nodes and constants. Every method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.shapes: list[onnx.ValueInfoProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        """A named initializer."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes) -> str:
        """One node with one output; its name is the output's."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def wide(self, name: str, width: int) -> str:
        """Declares a value as float [batch, sequence, width]: shape inference does not know what fused nodes return,
        and the quantiser leaves out what it has no type for."""
        self.shapes.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "sequence", width]))
        return name


def encoder_graph(model: Encoder) -> onnx.ModelProto:
    """`input_ids`, `attention_mask` int64 [batch, sequence] -> `logits` float [batch, labels].

    A sequence longer than the position table fails in the first Add; the answer of a row depends on neither
    padding nor the other rows of the batch.
    """
    weights = {name: value.detach().float().cpu().numpy() for name, value in model.state_dict().items()}
    config, write = model.config, GraphWriter()
    write.constant("tokens", model.tokens.fold().float().cpu().numpy())
    hidden = write.wide(_embeddings(write, weights), config.hidden)
    write.node("Cast", ["attention_mask"], "mask_int", to=TensorProto.INT32)
    for index in range(len(config.heads)):
        hidden = _layer(write, config, weights, index, hidden)
    _head(write, weights, hidden)
    axes = ["batch", "sequence"]
    graph = helper.make_graph(
        write.nodes,
        "encoder",
        [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", config.labels])],
        write.constants,
        value_info=write.shapes,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    result = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="sluice-factory")
    onnx.checker.check_model(result)
    return result


def _embeddings(write: GraphWriter, weights: dict) -> str:
    table = write.constant("positions", weights["positions.weight"])
    write.node("Gather", ["tokens", "input_ids"], "token_vectors")
    write.node("Shape", ["input_ids"], "length", start=1, end=2)
    zero, axis = write.constant("zero", np.array([0])), write.constant("axis_first", np.array([0]))
    write.node("Slice", [table, zero, "length", axis], "position_vectors")
    write.node("Add", ["token_vectors", "position_vectors"], "embedded")
    return write.node(
        "LayerNormalization", ["embedded", *_norm(write, weights, "embedding_norm")], "state_0", epsilon=1e-5
    )


def _layer(write: GraphWriter, config: EncoderConfig, weights: dict, index: int, x: str) -> str:
    prefix = f"layers.{index}"

    def product(part: str, source: str) -> str:
        matrix = write.constant(f"{prefix}.{part}.weight", weights[f"{prefix}.{part}.weight"].T)
        return write.node("MatMul", [source, matrix], f"{prefix}.{part}")

    def bias(part: str) -> np.ndarray:
        return weights[f"{prefix}.{part}.bias"]

    projected = [product(part, x) for part in ("query", "key", "value")]
    joint = write.constant(f"{prefix}.qkv.bias", np.concatenate([bias(part) for part in ("query", "key", "value")]))
    inputs = [*projected, joint, "mask_int"]
    core = write.node(
        "MultiHeadAttention",
        inputs,
        f"{prefix}.attention",
        MICROSOFT,
        num_heads=config.heads[index],
        mask_filter_value=-1e4,
    )
    write.wide(core, config.heads[index] * config.head_dim)
    x = _skip_norm(
        write, weights, product("output", core), x, bias("output"), f"{prefix}.attention_norm", f"{prefix}.attended"
    )
    write.wide(x, config.hidden)
    write.constant(f"{prefix}.up.bias", bias("up"))
    active = write.node("BiasGelu", [product("up", x), f"{prefix}.up.bias"], f"{prefix}.gelu", MICROSOFT)
    write.wide(active, config.ffn[index])
    x = _skip_norm(write, weights, product("down", active), x, bias("down"), f"{prefix}.ffn_norm", f"state_{index + 1}")
    return write.wide(x, config.hidden)


def _skip_norm(write: GraphWriter, weights: dict, x: str, skip: str, bias: np.ndarray, norm: str, output: str) -> str:
    """Residual sum and norm. `Sum`, not `Add`: the runtime would fuse Add + LayerNormalization into its
    SkipLayerNormalization, whose CPU kernel takes several times as long as the two apart (measured with 1.30)."""
    added = write.constant(f"{output}.bias", bias)
    write.node("Sum", [x, skip, added], f"{output}.sum")
    return write.node("LayerNormalization", [f"{output}.sum", *_norm(write, weights, norm)], output, epsilon=1e-5)


def _norm(write: GraphWriter, weights: dict, name: str) -> list[str]:
    return [write.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]


def _head(write: GraphWriter, weights: dict, x: str) -> None:
    """Masked mean as a [batch, 1, sequence] x [batch, sequence, hidden] product, then the classifier."""
    one, floor = write.constant("axis_one", np.array([1])), write.constant("one", np.array(1.0, np.float32))
    write.node("Cast", ["attention_mask"], "mask_float", to=TensorProto.FLOAT)
    write.node("Unsqueeze", ["mask_float", one], "mask_row")
    write.node("MatMul", ["mask_row", x], "summed")
    two = write.constant("axis_two", np.array([2]))
    write.node("ReduceSum", ["mask_row", two], "count", keepdims=1)
    write.node("Max", ["count", floor], "divisor")
    write.node("Div", ["summed", "divisor"], "pooled")
    matrix = write.constant("classifier.weight", weights["classifier.weight"].T)
    write.node("MatMul", ["pooled", matrix], "scores")
    write.constant("classifier.bias", weights["classifier.bias"])
    write.node("Add", ["scores", "classifier.bias"], "scores_3d")
    write.node("Squeeze", ["scores_3d", one], "logits")
