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

SHARED = {"train", "distill", "prune"}
"""The steps that all processes of a distributed run share; the others run in the main process."""

MAKERS = ["train", "distill", "prune", "quantize", "fp16"]
NEEDS: dict[str, list[str]] = {
    "clean": [],
    "tune": ["clean"],
    "train": ["clean", "tune"],
    "distill": ["train"],
    "prune": ["train"],
    "quantize": ["train", "distill", "prune"],
    "fp16": ["train"],
    "evaluate": MAKERS,
    "gate": ["evaluate"],
    "publish": [*MAKERS, "evaluate", "gate"],
}
"""The steps whose results a step reads: when one of them runs anew, so does it."""
