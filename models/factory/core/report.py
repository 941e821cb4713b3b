"""The report of a family: what the data was like, what was tried, what ships and why, with a figure."""

from pathlib import Path

import matplotlib

from .context import Context

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen first)


def write_report(context: Context) -> Path:
    """Writes reports/<family>.md (and .png) from the records of the steps; returns its path."""
    family = context.family
    context.reports.mkdir(parents=True, exist_ok=True)
    parts = [
        f"# {family.name}",
        f"Made by `python -m factory build {family.name}`; do not edit. Data: {_data(family.data)}.",
    ]
    for step, section in (
        ("clean", _clean),
        ("tune", _tune),
        ("distill", _distill),
        ("prune", _prune),
        ("quantize", _quantize),
    ):
        record = context.record(step)
        if step in family.steps and record:
            parts += section(record["outcome"])
    parts += _results(context)
    parts += _classes(context)
    if family.notes:
        parts += ["## Tried by hand", "\n".join(f"- {note}" for note in family.notes)]
    parts += _times(context)
    path = context.reports / f"{family.name}.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def table(head: list[str], rows: list[list]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _data(data: dict[str, str]) -> str:
    return f"{data['name']} ({data['source']}), licence {data['licence']}"


def _clean(outcome: dict) -> list[str]:
    rows = [[name, outcome[name]] for name in ("missing", "duplicates", "contradictory", "leaked", "mislabelled")]
    splits = [[split, outcome["rows"].get(split, 0), kept] for split, kept in outcome["kept"].items()]
    suspects = [[s["row"], s["key"].replace("|", "/"), s["label"], s["suggested"]] for s in outcome["suspects"][:10]]
    return [
        "## Data",
        table(["split", "rows read", "rows kept"], splits),
        "Rows dropped. Leaked rows occur in the reporting split too; mislabelled ones are contradicted with high confidence "
        "by a model that did not see them (after Northcutt et al. 2021). The reporting split keeps its labels as published.",
        table(["reason", "rows"], rows),
        "The ten surest of the mislabelled:",
        table(["row", "text", "label", "suggested"], suspects),
    ]


def _tune(outcome: dict) -> list[str]:
    rows = [[t["number"], t["state"].lower(), _number(t["value"]), _fields(t["parameters"])] for t in outcome["trials"]]
    return [
        "## Search",
        "Short runs on train, judged on the held-out rows.",
        table(["trial", "state", "accuracy", "parameters"], rows),
    ]


def _distill(outcome: dict) -> list[str]:
    rows = [
        [
            title,
            _number(c["accuracy"]),
            c["speedup"],
            "yes" if c.get("on_front") else "",
            "chosen" if title == outcome["chosen"] else "",
        ]
        for title, c in outcome["candidates"].items()
    ]
    return [
        "## Students",
        "Short distillations; accuracy on the held-out rows serves the choice only, since the teachers have seen them.",
        table(["student", "accuracy", "times faster", "Pareto front", ""], rows),
    ]


def _prune(outcome: dict) -> list[str]:
    shown = {name: value for name, value in outcome.items() if name != "candidates"}
    return ["## Pruning", table(["figure", "value"], [[name, value] for name, value in shown.items()])]


def _quantize(outcome: dict) -> list[str]:
    parts = [
        "## Quantisation",
        "Agreement and divergence (KL) are with the float variant, on held-out rows; speed is against it at batch 16.",
    ]
    for name, entry in outcome.items():
        rows = [
            [
                title,
                a["agreement"],
                a["divergence"],
                a["speedup"],
                a["bytes"],
                a["integer_products"],
                a["saturation_risk"],
                "chosen" if title == entry["chosen"] else "",
            ]
            for title, a in entry["attempts"].items()
        ]
        head = [
            "recipe",
            "agreement",
            "divergence",
            "times faster",
            "bytes",
            "fused integer products",
            "share of pairs that may saturate without VNNI",
            "",
        ]
        parts += [f"### {name}, from {entry['source']}", table(head, rows)]
    return parts


def _results(context: Context) -> list[str]:
    figures, verdicts = context.outcome("evaluate"), context.outcome("gate")
    rows = []
    for name, entry in figures.items():
        e, v = entry["evaluation"], verdicts[name]
        milliseconds = entry["latency"]["ms"]
        out_of_scope = f"{e['oos_recall']} / {e['oos_false_alarm']}" if "oos_recall" in e else ""
        rows.append(
            [
                name,
                _number(e["accuracy"]),
                f"{e['ci95'][0]} to {e['ci95'][1]}",
                v["points_lost"],
                e["ece"],
                out_of_scope,
            ]
            + [
                milliseconds["1"],
                milliseconds["16"],
                v["speedup"],
                round(entry["bytes"] / 1e6, 2),
                f"{entry['invariance']:.1e}",
            ]
            + ["yes" if v["ship"] else "no: " + "; ".join(v["reasons"])]
        )
    head = [
        "variant",
        "accuracy",
        "95 %",
        "points lost",
        "ECE",
        "oos recall / false alarm",
        "ms, batch 1",
        "ms, batch 16",
        "times faster",
        "MB",
        "invariance",
        "ships",
    ]
    first = next(iter(figures.values()))
    _figure(context, figures)
    return [
        "## Variants",
        f"Sample: {first['evaluation']['sample']}, n = {first['evaluation']['n']}. Latency: {first['latency']['cpu']}, one thread, "
        f"{_rows(first['latency'])}all variants in turns in one run.",
        table(head, rows),
        f"![accuracy over latency]({context.family.name}.png)",
    ]


def _classes(context: Context) -> list[str]:
    e = context.outcome("evaluate")["default"]["evaluation"]
    recalls = sorted(e["per_class_recall"].items(), key=lambda item: item[1])[:10]
    confusions = [[c["true"], c["predicted"], c["count"]] for c in e["worst_confusions"][:10]]
    slices = [[name, s["n"], s["accuracy"]] for name, s in e["slices"].items()]
    return [
        "## Where the default errs",
        table(["class", "recall"], [list(item) for item in recalls]),
        table(["true", "predicted", "count"], confusions),
        table(["slice", "n", "accuracy"], slices),
    ]


def _times(context: Context) -> list[str]:
    rows = [
        [step, round(record["seconds"] / 60, 1)] for step in context.family.steps if (record := context.record(step))
    ]
    return [
        "## Minutes per step",
        "A step that went on from what an earlier run had left counts its last run only.",
        table(["step", "minutes, last run"], rows),
    ]


def _figure(context: Context, figures: dict) -> None:
    drawing, axes = pyplot.subplots(figsize=(6, 4))
    for name, entry in figures.items():
        x, y = entry["latency"]["ms"]["16"], 100 * entry["evaluation"]["accuracy"]
        axes.scatter(x, y, s=20 + 2 * entry["bytes"] / 1e5)
        axes.annotate(name, (x, y), textcoords="offset points", xytext=(5, 5), fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("ms per batch of 16, one thread")
    axes.set_ylabel("accuracy, %")
    axes.set_title(f"{context.family.name}: accuracy over latency, area = bytes")
    drawing.tight_layout()
    drawing.savefig(context.reports / f"{context.family.name}.png", dpi=90)
    pyplot.close(drawing)


def _rows(latency: dict) -> str:
    """What a latency says of the rows it was measured on, e.g. `sequence 32, `."""
    return "".join(
        f"{name} {value}, " for name, value in latency.items() if name not in ("cpu", "threads", "ms") and value
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _fields(values: dict) -> str:
    return ", ".join(
        f"{name} {value:.2g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
    )
