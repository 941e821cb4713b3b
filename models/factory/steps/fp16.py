"""Step `fp16`: a half-precision form for GPUs, with float32 inputs and outputs."""

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

from ..core.context import Context
from ..core.onnx_files import operators, restore_float
from ..core.variants import Variant, load_variant, save_variant


def run(context: Context, options: dict) -> dict:
    """Makes the variant fp16 from default.

    Values are clipped to what half precision can hold; where a provider has no half kernel for an operator the runtime
    puts casts around it. CPUs gain nothing from it: the gate says so, and only a GPU deployment would keep it.
    """
    source = load_variant(context, "default")
    model = restore_float(onnx.load(str(source.path(context))))
    converted = convert_float_to_float16(model, keep_io_types=True, disable_shape_infer=True, op_block_list=[])
    save_variant(
        context,
        Variant("fp16", "fp16", [*source.lineage, "fp16"], source.seed, "default", dict(source.extra)),
        converted,
    )
    return {"operators": dict(operators(converted))}
