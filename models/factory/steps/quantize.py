"""Step `quantize`: int8 forms of the float variants; several recipes compete, the graph that the runtime runs is checked."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx

from ..core.context import Context
from ..core.latency import interleaved
from ..core.metrics import softmax
from ..core.onnx_files import optimised_operators, restore_float, session, store_half
from ..core.per_token import quantise_per_token
from ..core.quantization import Recipe, constant_products, quantise_static, quantise_table, saturation_risk
from ..core.variants import Variant, load_variant, save_variant

log = logging.getLogger("factory")
FUSED = (
    "MatMulIntegerToFloat",
    "QLinearConv",
    "QLinearMatMul",
    "QGemm",
    "ConvInteger",
    "DynamicQuantizeMatMul",
    "MatMulInteger",
)


def run(context: Context, options: dict) -> dict:
    """Makes the planned int8 variants and returns, for each, every attempt with its figures and the one chosen.

    Plan: `variants` {int8 name: float name}, `recipes` [Recipe fields], `skip` node names kept in float, `operators` and
    `chained` operators (see Recipe), `table` an embedding table to quantise, `calibration` rows, `per_token` whether
    that rival competes.
    """
    plan = context.family.plan["quantize"]
    return {name: _quantise(context, name, source, plan) for name, source in plan["variants"].items()}


def _quantise(context: Context, name: str, source_name: str, plan: dict) -> dict:
    family, source = context.family, load_variant(context, source_name)
    feeds = family.calibration(context, plan.get("calibration", 256))
    reference = family.fidelity(context, session(source.path(context)))
    attempts: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as folder:
        plain = _plain(source.path(context), Path(folder) / "plain.onnx")
        for title, path in _candidates(plain, Path(folder), feeds, plan):
            attempts[title] = {"path": path} | _figures(context, path, reference)
        timed = {title: session(entry["path"]) for title, entry in attempts.items()} | {"float": session(plain)}
        batch, _ = family.latency_feeds(context, 16)
        times = interleaved({title: (lambda s=s: s.run(None, batch)) for title, s in timed.items()}, rounds=25)
        for title, entry in attempts.items():
            entry["speedup"] = round(times["float"] / times[title], 2)
        chosen = _choose(attempts, plan.get("agreement", 0.995))
        model = onnx.load(str(attempts[chosen]["path"]))
        extra = source.extra | {"saturation_risk": attempts[chosen]["saturation_risk"]}
        save_variant(
            context,
            Variant(name, "int8", [*source.lineage, chosen], source.seed, source_name, extra),
            store_half(model),
        )
    log.info("quantize %s: %s", name, chosen)
    shown = {title: {key: value for key, value in entry.items() if key != "path"} for title, entry in attempts.items()}
    return {"source": source_name, "chosen": chosen, "attempts": shown}


def _candidates(plain: Path, folder: Path, feeds: list, plan: dict):
    skip, operators = tuple(plan.get("skip", ())), tuple(plan.get("operators", ("MatMul",)))
    chained = tuple(plan.get("chained", ()))
    for number, fields in enumerate(plan["recipes"]):
        recipe = Recipe(**fields, skip=skip, operators=operators, chained=chained)
        path = folder / f"recipe_{number}.onnx"
        quantise_static(plain, path, feeds, recipe)
        yield recipe.describe(), _finish(path, plan)
    if plan.get("per_token"):
        path = folder / "per_token.onnx"
        onnx.save(quantise_per_token(onnx.load(str(plain)), skip), str(path))
        yield "dynamic u8 x s8, one scale per token", _finish(path, plan)


def _finish(path: Path, plan: dict) -> Path:
    if plan.get("table"):
        onnx.save(quantise_table(onnx.load(str(path)), plan["table"]), str(path))
    return path


def _plain(source: Path, target: Path) -> Path:
    """The source without half-size storage: the quantiser looks for float32 initializers."""
    onnx.save(restore_float(onnx.load(str(source))), str(target))
    return target


def _figures(context: Context, path: Path, reference: np.ndarray) -> dict:
    """Agreement with the float model on held-out rows, and whether the runtime fused what it should."""
    outputs = context.family.fidelity(context, session(path))
    p, q = softmax(reference), softmax(outputs)
    counts = optimised_operators(path)
    model = onnx.load(str(path))
    return {
        "agreement": round(float((outputs.argmax(1) == reference.argmax(1)).mean()), 4),
        "divergence": round(float((p * (np.log(p + 1e-9) - np.log(q + 1e-9))).sum(1).mean()), 6),
        "bytes": path.stat().st_size,
        "saturation_risk": round(max(saturation_risk(model).values(), default=0.0), 4),
        "integer_products": int(sum(counts[op] for op in FUSED)),
        "float_products": len(constant_products(model)),
        "optimised": dict(counts.most_common()),
    }


def _choose(attempts: dict[str, dict], agreement: float) -> str:
    """Of those that agree enough and are about as fast as the fastest (15 %, what timing on a shared machine is worth): one
    that cannot saturate on a processor without VNNI, then the one that diverges least. Else the one that agrees most."""
    good = {title: entry for title, entry in attempts.items() if entry["agreement"] >= agreement}
    if not good:
        return max(attempts, key=lambda title: (attempts[title]["agreement"], -attempts[title]["divergence"]))
    best = max(entry["speedup"] for entry in good.values())
    near = {title: entry for title, entry in good.items() if entry["speedup"] >= 0.85 * best}
    return min(near, key=lambda title: (near[title]["saturation_risk"] > 0, near[title]["divergence"]))
