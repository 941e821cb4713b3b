"""Step `gate`: drops a variant that is dominated, that loses more than its budget, or whose answers depend on neighbours."""

import logging

from ..core.context import Context

log = logging.getLogger("factory")
INVARIANCE = 1e-3


def run(context: Context, options: dict) -> dict:
    """Returns {variant: {ship, reasons, points_lost, speedup, bar}}; `default` is kept if it reaches its floor."""
    family, figures = context.family, context.outcome("evaluate")
    base = figures["default"]["evaluation"]["accuracy"]
    verdicts = {}
    for name, entry in figures.items():
        lost = round(100 * (base - entry["evaluation"]["accuracy"]), 2)
        reasons = []
        if entry["invariance"] > INVARIANCE:
            reasons.append(f"an answer moves by {entry['invariance']:.2g} with the rows beside it")
        if name in family.unshipped:
            reasons.append(f"{family.unshipped[name]} (here {entry['speedup']} times the default's speed)")
        if name == "default" and base < family.accuracy_floor:
            reasons.append(f"accuracy {base} is below the floor of {family.accuracy_floor}")
        bar = family.bars.get(name)
        if bar:
            if lost > bar.points_lost:
                reasons.append(f"loses {lost} points, its budget is {bar.points_lost}")
            if entry["speedup"] < bar.speedup:
                reasons.append(f"is {entry['speedup']} times as fast, it must be {bar.speedup}")
        rival = _dominator(name, figures) if name != "default" else None
        if rival:
            reasons.append(f"dominated by {rival}: as accurate, as fast and as small")
        verdicts[name] = {
            "ship": not reasons,
            "reasons": reasons,
            "points_lost": lost,
            "speedup": entry["speedup"],
            "bar": {"speedup": bar.speedup, "points_lost": bar.points_lost} if bar else None,
        }
        log.info("gate %s %s: %s", family.name, name, "ships" if not reasons else "; ".join(reasons))
    return verdicts


def _dominator(name: str, figures: dict) -> str | None:
    """Another variant that is at least as accurate, as fast at batch 16 and as small, and better in one of them.

    Only variants of one precision compete: what int8 gains depends on the processor, so that on one without VNNI the
    float variant it seems to dominate here may be the faster one.
    """

    def worth(entry: dict) -> tuple[float, float, int]:
        return entry["evaluation"]["accuracy"], entry["speedup"], -entry["bytes"]

    mine = worth(figures[name])
    for other, entry in figures.items():
        theirs = worth(entry)
        alike = other != name and entry["precision"] == figures[name]["precision"]
        if alike and all(a >= b for a, b in zip(theirs, mine)) and theirs != mine:
            return other
    return None
