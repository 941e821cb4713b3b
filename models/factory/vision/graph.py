"""The residual network as an ONNX graph, written node by node: folded convolutions, Relu and Add, nothing else.

That is the form in which the runtime fuses Conv + Add + Relu in float32 and finds a QLinearConv or QLinearAdd for
each of them once it is quantised.
"""

import onnx
from onnx import TensorProto, helper, shape_inference

from ..text.graph import OPSET, GraphWriter
from .images import SIDE
from .network import FoldedConvolution, ResNet


def classifier_graph(model: ResNet) -> onnx.ModelProto:
    """`pixel_values` float [batch, 3, 28, 28] -> `logits` float [batch, outputs]; rows do not affect one another.

    The network reads one grey channel. The stem's weights are spread over three, so that it sees the mean of red, green
    and blue and any image processor for colour pictures fits.
    """
    write = GraphWriter()
    write_network(write, model, "logits")
    inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", model.config.outputs])]
    graph = helper.make_graph(write.nodes, "resnet", inputs, outputs, write.constants)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9, producer_name="sluice-factory")
    onnx.checker.check_model(result)
    return shape_inference.infer_shapes(result)  # the quantiser leaves out what it has no type for


def write_network(write: GraphWriter, model: ResNet, output: str) -> str:
    """Adds the network's nodes, from `pixel_values` to `output`."""
    stem = model.stem.folded()
    grey = FoldedConvolution(stem.weight.repeat(3, axis=1) / 3, stem.bias, stem.stride)
    x = _convolution(write, "pixel_values", grey, "stem", active=True)
    for number, block in enumerate(model.blocks):
        prefix = f"blocks.{number}"
        inner = _convolution(write, x, block.first.folded(), f"{prefix}.first", active=True)
        inner = _convolution(write, inner, block.second.folded(), f"{prefix}.second", active=False)
        short = x if block.shortcut is None else _convolution(write, x, block.shortcut.folded(), f"{prefix}.shortcut", active=False)
        write.node("Add", [inner, short], f"{prefix}.sum")
        x = write.node("Relu", [f"{prefix}.sum"], f"{prefix}.output")
    write.node("GlobalAveragePool", [x], "pooled_image")
    write.node("Flatten", ["pooled_image"], "pooled")
    weight = write.constant("head.weight", model.head.weight.detach().float().cpu().numpy())
    bias = write.constant("head.bias", model.head.bias.detach().float().cpu().numpy())
    return write.node("Gemm", ["pooled", weight, bias], output, transB=1)


def _convolution(write: GraphWriter, x: str, folded: FoldedConvolution, name: str, active: bool) -> str:
    kernel = folded.weight.shape[-1]
    inputs = [x, write.constant(f"{name}.weight", folded.weight), write.constant(f"{name}.bias", folded.bias)]
    edges = {"kernel_shape": [kernel, kernel], "strides": [folded.stride] * 2, "pads": [kernel // 2] * 4}
    write.node("Conv", inputs, name, **edges)
    return write.node("Relu", [name], f"{name}.active") if active else name
