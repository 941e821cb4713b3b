"""Step `publish`: writes the shipped variants into the model repository, and the family's report."""

from ..core.context import Context
from ..core.publish import write_version
from ..core.report import write_report
from ..core.variants import load_variant


def run(context: Context, options: dict) -> dict:
    """Fills models/<name>/<version>/ and reports/<name>.md; returns what was shipped with its size.

    Raises RuntimeError where the default did not pass its gate: there is nothing to compare the others with then.
    """
    family, figures, verdicts = context.family, context.outcome("evaluate"), context.outcome("gate")
    write_report(context)
    if not verdicts["default"]["ship"]:
        raise RuntimeError(f"the default of '{family.name}' is not fit to ship: {verdicts['default']['reasons']}")
    shipped = {}
    for name, verdict in verdicts.items():
        if not verdict["ship"]:
            continue
        variant, entry = load_variant(context, name), figures[name]
        evaluation = dict(entry["evaluation"])
        record = {
            "precision": variant.precision,
            "accuracy": evaluation.pop("accuracy"),
            "evaluation": evaluation | variant.extra,
            "latency": entry["latency"],
            "lineage": variant.lineage,
            "seed": variant.seed,
        }
        shipped[name] = (variant.path(context), record)
    header = {"model": family.name, "version": family.version, "task": family.task, "data": family.data}
    target = context.models / family.name / str(family.version)
    if context.process.main:
        write_version(target, header, shipped, family.companions(context))
    return {name: path.stat().st_size for name, (path, _) in shipped.items()}
