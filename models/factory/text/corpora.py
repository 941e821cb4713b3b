"""Readers for the public text corpora, each as one table with the columns text, label and split."""

import json
from pathlib import Path

import pandas as pd

OUT_OF_SCOPE = "oos"


def read_clinc150(data: Path) -> pd.DataFrame:
    """CLINC150 (Larson et al. 2019, EMNLP): 150 intents and an out-of-scope class.

    The splits are `train` and `validation`; out-of-scope rows carry the label `oos`.
    """
    splits = json.loads((data / "clinc150" / "data.json").read_text(encoding="utf-8"))
    named = {"train": "train", "oos_train": "train", "val": "validation", "oos_val": "validation"}
    rows = [(text, label, named[split]) for split, pairs in splits.items() if split in named for text, label in pairs]
    return pd.DataFrame(rows, columns=["text", "label", "split"])


def read_banking77(data: Path, seed: int = 77) -> pd.DataFrame:
    """Banking77 (Casanueva et al. 2020, NLP for ConvAI): 77 intents of bank customers.

    No validation split is published: a fixed tenth of every class, drawn with `seed`, takes that part.
    """
    table = pd.read_csv(data / "banking77" / "train.csv").rename(columns={"category": "label"})
    held = table.groupby("label", group_keys=False).sample(frac=0.1, random_state=seed).index
    table["split"] = "train"
    table.loc[held, "split"] = "validation"
    return table[["text", "label", "split"]]


def label_names(labels: pd.Series) -> list[str]:
    """The class names in index order: alphabetical, with the out-of-scope class last."""
    return sorted(set(labels), key=lambda name: (name == OUT_OF_SCOPE, name))
