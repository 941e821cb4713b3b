"""Step `clean`: drops rows that are missing, doubled, leaked between splits or plainly mislabelled; holds a part out."""

import logging

import pandas as pd

from ..core.context import Context

log = logging.getLogger("factory")


def run(context: Context, options: dict) -> dict:
    """Writes `clean.csv` (columns of the family's table, split = train, select or validation) and returns the report.

    The reporting split is only stripped of rows without content: its labels and doubles stay as published, so that
    figures remain comparable. A row found in both splits leaves the training side.
    """
    family = context.family
    plan = {"held_out": 10, "suspect_confidence": 0.9} | family.plan.get("clean", {})
    table = family.read(context)
    report: dict = {"rows": _counts(table), "classes": int(table["label"].nunique())}
    table, report["missing"] = _drop(
        table, table["key"].isna() | table["label"].isna() | (table["key"].astype(str).str.strip() == "")
    )
    training = table["split"] == "train"
    table, report["duplicates"] = _drop(table, training & table.assign(t=training).duplicated(["key", "label", "t"]))
    training = table["split"] == "train"
    clashes = table[training].groupby("key")["label"].transform("nunique").reindex(table.index, fill_value=1) > 1
    table, report["contradictory"] = _drop(table, training & clashes)
    reported = set(table.loc[table["split"] != "train", "key"])
    table, report["leaked"] = _drop(table, (table["split"] == "train") & table["key"].isin(reported))
    opinions = family.suspects(context, table[table["split"] == "train"])
    doubted = opinions[
        (opinions["suggested"] != table.loc[opinions.index, "label"])
        & (opinions["confidence"] >= plan["suspect_confidence"])
    ]
    flags = pd.Series(table.index.isin(doubted.index), index=table.index)
    report["suspects"] = [
        {
            "row": int(row),
            "key": str(table.at[row, "key"])[:120],
            "label": str(table.at[row, "label"]),
            "suggested": str(entry.suggested),
        }
        for row, entry in doubted.sort_values("confidence", ascending=False).head(40).iterrows()
    ]
    table, report["mislabelled"] = _drop(table, flags)
    held = table[table["split"] == "train"].groupby("label", group_keys=False).tail(plan["held_out"]).index
    table.loc[held, "split"] = "select"
    report["kept"] = _counts(table)
    if context.process.main:
        table.to_csv(context.work / "clean.csv", index=False)
    log.info("clean: %s", {key: value for key, value in report.items() if key != "suspects"})
    return report


def _counts(table: pd.DataFrame) -> dict[str, int]:
    return {str(split): int(count) for split, count in table["split"].value_counts().items()}


def _drop(table: pd.DataFrame, rows: pd.Series) -> tuple[pd.DataFrame, int]:
    return table[~rows], int(rows.sum())
