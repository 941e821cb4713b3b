"""Step `evaluate`: accuracy and its company on the reporting split, batch invariance, and latency, for every variant."""

import logging

from ..core.context import Context
from ..core.latency import cpu_name, interleaved
from ..core.onnx_files import session
from ..core.variants import list_variants

log = logging.getLogger("factory")
BATCHES = (1, 4, 16)


def run(context: Context, options: dict) -> dict:
    """Returns {variant: {evaluation, invariance, bytes, latency, speedup}}; latencies of all variants share one run."""
    family, results = context.family, {}
    threads = options.get("threads") or 1
    sessions = {variant.name: session(variant.path(context), threads) for variant in list_variants(context)}
    for variant in list_variants(context):
        figures = family.evaluate(context, sessions[variant.name])
        log.info("evaluate %s %s: %.4f", family.name, variant.name, figures["accuracy"])
        results[variant.name] = {
            "evaluation": figures,
            "invariance": family.invariance(context, sessions[variant.name]),
            "bytes": variant.path(context).stat().st_size,
            "precision": variant.precision,
        }
    times: dict[str, dict[str, float]] = {name: {} for name in sessions}
    for batch in BATCHES:
        feeds, said = family.latency_feeds(context, batch)
        calls = {name: (lambda s=s: s.run(None, feeds)) for name, s in sessions.items()}
        for name, milliseconds in interleaved(calls, rounds=60 if batch < 16 else 40).items():
            times[name][str(batch)] = round(milliseconds, 3)
    for name, entry in results.items():
        entry["latency"] = {"cpu": cpu_name(), "threads": threads, **said, "ms": times[name]}
        entry["speedup"] = round(times["default"]["16"] / times[name]["16"], 2)
    return results
