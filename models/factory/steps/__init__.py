"""The steps, in the order in which a build runs them. Each is a module with `run(context, options) -> dict`."""

from types import ModuleType

from . import clean, distill, evaluate, fp16, gate, prune, publish, quantize, train, tune

STEPS: dict[str, ModuleType] = {
    "clean": clean,
    "tune": tune,
    "train": train,
    "distill": distill,
    "prune": prune,
    "quantize": quantize,
    "fp16": fp16,
    "evaluate": evaluate,
    "gate": gate,
    "publish": publish,
}
