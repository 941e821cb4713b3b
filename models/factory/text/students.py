"""Choosing a student: several shapes are tried briefly, and the Pareto front of accuracy and speed decides."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch

from ..core.context import Context
from ..core.latency import interleaved
from ..core.onnx_files import session
from .encoder import Encoder
from .graph import encoder_graph
from .stages import Base, fresh_encoder, select_accuracy
from .transfer import TransferSet, learn

log = logging.getLogger("factory")


def try_students(
    context: Context, base: Base, teacher: Encoder, data: TransferSet, vectors: torch.Tensor, plan: dict
) -> dict[str, dict]:
    """Trains every shape of the plan for a few epochs without the held-out rows, and measures accuracy and speed.

    Returns {title: {shape, accuracy, speedup}}; `accuracy` is on the held-out rows. The teachers have seen these,
    which raises all candidates alike: the figures serve the choice only.
    """
    home, results = context.stage("students", plan), {}
    rows = without_held_out(data, base)
    reduced = TransferSet([data.ids[row] for row in rows], data.soft[rows], int((rows < data.originals).sum()))
    for shape in plan["shapes"]:
        title = f"{shape['layers']} x {shape['hidden']}, {shape['heads']} heads, ffn {shape['ffn']}"
        student = fresh_encoder(base, context.family.seed, shape)
        learn(
            student,
            vectors[rows],
            reduced,
            plan["short"],
            context.process,
            f"student {title}",
            home,
            context.family.seed,
        )
        results[title] = {
            "shape": shape,
            "accuracy": round(select_accuracy(student, base.corpus, context), 4),
            "speedup": round(_speedup(context, teacher, student), 2),
        }
        log.info("student %s: %s", title, results[title])
    return results


def without_held_out(data: TransferSet, base: Base) -> torch.Tensor:
    """Row numbers of the transfer set but for the held-out originals and the augmented rows that begin like one."""
    starts = {tuple(base.corpus.ids[row][:4]) for row in np.flatnonzero(base.corpus.select)}
    kept = [row for row in range(data.originals) if not base.corpus.select[row]]
    made = [row for row in range(data.originals, len(data.ids)) if tuple(data.ids[row][:4]) not in starts]
    return torch.tensor(kept + made)


def pareto_front(candidates: dict[str, dict], speedup: float) -> str:
    """The most accurate candidate on the front that is at least `speedup` times as fast as the default."""
    front = {
        title: entry
        for title, entry in candidates.items()
        if not any(
            other["accuracy"] >= entry["accuracy"] and other["speedup"] >= entry["speedup"] and other is not entry
            for other in candidates.values()
        )
    }
    for title, entry in candidates.items():
        entry["on_front"] = title in front
    fast = {title: entry for title, entry in front.items() if entry["speedup"] >= speedup} or front
    return max(fast, key=lambda title: fast[title]["accuracy"])


def _speedup(context: Context, teacher: Encoder, student: Encoder) -> float:
    feeds, _ = context.family.latency_feeds(context, 16)
    with tempfile.TemporaryDirectory() as folder:
        calls = {}
        for name, model in (("teacher", teacher), ("student", student)):
            path = Path(folder) / f"{name}.onnx"
            onnx.save(encoder_graph(model.cpu().eval()), str(path))
            calls[name] = lambda s=session(path): s.run(None, feeds)
        times = interleaved(calls, rounds=20)
    return times["teacher"] / times["student"]
