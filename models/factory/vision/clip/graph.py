"""Both towers in one ONNX graph, with the inputs and outputs of a CLIPModel export."""

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, shape_inference

from ...text.graph import MICROSOFT, OPSET, GraphWriter, encoder_graph
from ..graph import write_network
from ..images import SIDE
from .towers import TwoTowers

TEXT = "text."


def clip_graph(model: TwoTowers) -> onnx.ModelProto:
    """`input_ids`, `attention_mask` int64 [texts, sequence], `pixel_values` float [images, 3, 28, 28] ->
    `logits_per_image` [images, texts], `logits_per_text` [texts, images], `text_embeds` and `image_embeds` of unit length.
    """
    text = compose.add_prefix(encoder_graph(model.text), TEXT, rename_inputs=False)
    write, width = GraphWriter(), model.image.config.outputs
    write_network(write, model.image, "image_projection")
    _unit_length(write, "image_projection", "image_embeds")
    _unit_length(write, f"{TEXT}logits", "text_embeds")
    scale = write.constant("logit_scale", np.array(float(model.log_scale.detach().exp().clamp(max=100)), np.float32))
    write.node("Transpose", ["image_embeds"], "image_columns", perm=[1, 0])
    write.node("MatMul", ["text_embeds", "image_columns"], "cosines")
    write.node("Mul", ["cosines", scale], "logits_per_text")
    write.node("Transpose", ["logits_per_text"], "logits_per_image", perm=[1, 0])
    inputs = [_value("input_ids", TensorProto.INT64, ["texts", "sequence"]), _value("pixel_values", TensorProto.FLOAT, ["images", 3, SIDE, SIDE])]
    inputs.append(_value("attention_mask", TensorProto.INT64, ["texts", "sequence"]))
    shapes = {
        "logits_per_image": ["images", "texts"],
        "logits_per_text": ["texts", "images"],
        "text_embeds": ["texts", width],
        "image_embeds": ["images", width],
    }
    outputs = [_value(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    constants = [*text.graph.initializer, *write.constants]
    nodes = [*text.graph.node, *write.nodes]
    graph = helper.make_graph(nodes, "clip", inputs, outputs, constants, value_info=text.graph.value_info)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    result = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="sluice-factory")
    onnx.checker.check_model(result)
    return shape_inference.infer_shapes(result)


def _unit_length(write: GraphWriter, x: str, output: str) -> None:
    write.node("ReduceL2", [x], f"{output}.length", axes=[-1], keepdims=1)
    write.node("Div", [x, f"{output}.length"], output)


def _value(name: str, kind: int, shape: list) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
