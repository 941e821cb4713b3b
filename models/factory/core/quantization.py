"""Static int8 (QDQ) of weight products, and a quantised embedding table, by onnxruntime.quantization."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "percentile": CalibrationMethod.Percentile,
    "entropy": CalibrationMethod.Entropy,
}


@dataclass(frozen=True)
class Recipe:
    """One way to quantise. `skip` are node names left in float; `reduce_range` keeps weights to 7 bits.

    Of the `chained` operators every node is taken, constants or not, and outputs are quantised too, so that int8 values
    flow from one to the next: the form in which the runtime has integer kernels for convolutions and what lies between.
    """

    method: str = "minmax"
    per_channel: bool = True
    reduce_range: bool = False
    operators: tuple[str, ...] = ("MatMul",)
    skip: tuple[str, ...] = ()
    percentile: float = 99.999
    chained: tuple[str, ...] = ()

    def describe(self) -> str:
        """One phrase for lineages and tables."""
        width = "per channel" if self.per_channel else "per tensor"
        calibration = f"percentile {self.percentile}" if self.method == "percentile" else self.method
        return f"static QDQ u8 x s8, {width}, {calibration}" + (
            ", weights reduced to 7 bits" if self.reduce_range else ""
        )

    def to_dict(self) -> dict:
        """Plain values, for records."""
        return asdict(self)


class _Feeds(CalibrationDataReader):
    def __init__(self, feeds: list[dict[str, np.ndarray]]):
        self.feeds = iter(feeds)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def _same_shape(feeds: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """The feeds, filled up with zeros to one shape per input: the histogram calibrators stack what they collect."""
    largest = {name: np.max([feed[name].shape for feed in feeds], axis=0) for name in feeds[0]}
    return [
        {
            name: np.pad(value, [(0, wide - have) for wide, have in zip(largest[name], value.shape)])
            for name, value in feed.items()
        }
        for feed in feeds
    ]


def constant_products(
    model: onnx.ModelProto, operators: tuple[str, ...] = ("MatMul", "Gemm", "Conv")
) -> list[onnx.NodeProto]:
    """Nodes whose second input is an initializer: the only products worth quantising."""
    constants = {tensor.name for tensor in model.graph.initializer}
    return [node for node in model.graph.node if node.op_type in operators and node.input[1] in constants]


def quantise_static(source: Path, target: Path, feeds: list[dict[str, np.ndarray]], recipe: Recipe) -> None:
    """Writes the QDQ form of a float32 file.

    But for the recipe's chained operators, only products with a constant side are touched, and their outputs stay
    float32: the runtime then fuses dequantise + MatMul + dequantise into one MatMulIntegerToFloat. Ranges come from
    `feeds` alone, so an answer never depends on the rows beside it.
    """
    model = onnx.load(str(source))
    products = constant_products(model, recipe.operators)
    chained = {node.name for node in model.graph.node if node.op_type in recipe.chained} - set(recipe.skip)
    nodes = [node.name for node in products if node.name not in recipe.skip] + sorted(chained)
    operators = sorted({*recipe.operators, *recipe.chained})
    extra = {
        "MatMulConstBOnly": True,
        "DefaultTensorType": onnx.TensorProto.FLOAT,  # shape inference does not know the outputs of fused nodes
        "OpTypesToExcludeOutputQuantization": [name for name in operators if name not in recipe.chained],
        "ActivationSymmetric": False,
        "WeightSymmetric": True,
        "CalibPercentile": recipe.percentile,
    }
    if recipe.method != "minmax":
        extra["NumBins"] = extra["num_bins"] = 2048  # the default of 128 leaves the entropy search one candidate only
    quantize_static(
        str(source),
        str(target),
        _Feeds(feeds if recipe.method == "minmax" else _same_shape(feeds)),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=operators,
        nodes_to_quantize=nodes,
        per_channel=recipe.per_channel,
        reduce_range=recipe.reduce_range,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=METHODS[recipe.method],
        extra_options=extra,
    )
    onnx.save(_bypass(onnx.load(str(target)), chained), str(target))


def _bypass(model: onnx.ModelProto, chained: set[str]) -> onnx.ModelProto:
    """Gives nodes that stay in float the float value itself: the quantiser hands every consumer the rounded one."""
    origin = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    rounded = {
        node.output[0]: origin[node.input[0]]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in origin
    }
    weights = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"} - rounded.keys()
    products = {node.name for node in model.graph.node if len(node.input) > 1 and node.input[1] in weights}
    for node in model.graph.node:
        if node.name not in products | chained and node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            for position, name in enumerate(node.input):
                node.input[position] = rounded.get(name, name)
    return model


def quantise_table(model: onnx.ModelProto, table: str) -> onnx.ModelProto:
    """Stores an embedding table [rows, width] as int8 with one scale per column, dequantised after the Gather.

    Dequantising before it, as the quantiser does, would expand the whole table on every call. Works in place.
    """
    graph = model.graph
    tensor = next(item for item in graph.initializer if item.name == table)
    gather = next(node for node in graph.node if node.op_type == "Gather" and node.input[0] == table)
    value = numpy_helper.to_array(tensor).astype(np.float32)
    scale = np.maximum(np.abs(value).max(0) / 127, 1e-8).astype(np.float32)
    small = np.clip(np.round(value / scale), -127, 127).astype(np.int8)
    graph.initializer.remove(tensor)
    names = [f"{table}.int8", f"{table}.scale"]
    graph.initializer.extend(numpy_helper.from_array(part, name) for part, name in zip([small, scale], names))
    result, gathered = gather.output[0], f"{gather.output[0]}.int8"
    gather.input[0], gather.output[0] = names[0], gathered
    # Cast and Mul: DequantizeLinear with a scale per column takes several times as long.
    widened = f"{gathered}.float"
    expand = [
        helper.make_node("Cast", [gathered], [widened], name=f"{gather.name}.widen", to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [widened, names[1]], [result], name=f"{gather.name}.expand"),
    ]
    at = list(graph.node).index(gather) + 1
    for offset, node in enumerate(expand):
        graph.node.insert(at + offset, node)
    return model


def saturation_risk(model: onnx.ModelProto) -> dict[str, float]:
    """Share of adjacent weight pairs that can overflow 16 bits on processors without VNNI, by weight name.

    VPMADDUBSW adds two u8 x s8 products in int16: |255 * (w0 + w1)| > 32767 saturates. Zero for weights kept to 7 bits.
    """
    risks = {}
    for tensor in model.graph.initializer:
        if (
            tensor.data_type != onnx.TensorProto.INT8
            or len(tensor.dims) not in (2, 4)
            or min(tensor.dims[:2]) < 2
            or ".int8" in tensor.name
        ):
            continue
        weights = numpy_helper.to_array(tensor).astype(np.int32)  # [inner, outer]: pairs run along the inner axis
        if weights.ndim == 4:  # convolution [outer, channels, height, width]: the runtime lays channels innermost
            weights = weights.transpose(2, 3, 1, 0).reshape(-1, weights.shape[0])
        even = weights[: weights.shape[0] // 2 * 2]
        risks[tensor.name] = float((np.abs(255 * (even[0::2] + even[1::2])) > 32767).mean())
    return risks


def scratch(model: onnx.ModelProto) -> Path:
    """A temporary file that holds the model."""
    path = Path(tempfile.mkdtemp(prefix="factory-")) / "model.onnx"
    onnx.save(model, str(path))
    return path
