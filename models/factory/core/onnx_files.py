"""Small tools on ONNX files: half-size storage, digests, the operators in a graph and in what the runtime makes of it."""

import hashlib
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper


def session(model: Path | bytes, threads: int = 1, dump: Path | None = None) -> ort.InferenceSession:
    """A CPU session with `threads` intra-op threads; `dump` receives the graph as the runtime optimised it."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if dump:
        options.optimized_model_filepath = str(dump)
    return ort.InferenceSession(
        model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"]
    )


def store_half(model: onnx.ModelProto, smallest: int = 4096) -> onnx.ModelProto:
    """Keeps float initializers of at least `smallest` elements as float16 with a Cast behind them.

    The runtime folds the casts when it loads the file: half the bytes on disk, the same float32 graph at run time.
    Values are rounded to 11 bits of mantissa. Works in place and returns the model.
    """
    kept, casts = [], []
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or value.size < smallest or np.abs(value).max() > 65504:
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(value.astype(np.float16), f"{tensor.name}.half"))
        casts.append(
            helper.make_node(
                "Cast", [f"{tensor.name}.half"], [tensor.name], name=f"{tensor.name}.cast", to=TensorProto.FLOAT
            )
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    return model


def restore_float(model: onnx.ModelProto) -> onnx.ModelProto:
    """Undoes `store_half` (the rounding stays): float32 initializers again, no casts. Works in place."""
    halves = {tensor.name: tensor for tensor in model.graph.initializer if tensor.name.endswith(".half")}
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in halves]
    nodes = [node for node in model.graph.node if not (node.op_type == "Cast" and node.input[0] in halves)]
    kept += [
        numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float32), name[: -len(".half")])
        for name, t in halves.items()
    ]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    return model


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def operators(model: Path | onnx.ModelProto) -> Counter:
    """How many nodes of each operator a graph holds."""
    loaded = model if isinstance(model, onnx.ModelProto) else onnx.load(str(model), load_external_data=False)
    return Counter(node.op_type for node in loaded.graph.node)


def optimised_operators(model: Path) -> Counter:
    """The same count for the graph that the runtime really runs."""
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "optimised.onnx"
        session(model, dump=dump)
        return operators(dump)
