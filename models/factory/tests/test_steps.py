"""What `clean` drops, and when the gate closes."""

from types import SimpleNamespace

import pandas as pd
import pytest

from factory.core.distributed import start
from factory.core.family import Bar
from factory.core.metrics import mcnemar, wilson
from factory.steps import clean, gate


class Corpus:
    plan = {"clean": {"held_out": 1}}

    def read(self, context):
        rows = [
            ("a", "x", "train"), ("a", "x", "train"), ("b", "x", "train"), ("c", "y", "train"), ("d", "y", "train"),
            ("e", "y", "train"), ("e", "x", "train"), ("v", "x", "train"), ("v", "x", "validation"), (None, "x", "train"), ("m", "x", "train"),
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["key", "label", "split"])

    def suspects(self, context, table):
        return pd.DataFrame(
            {
                "suggested": ["y" if key == "m" else label for key, label in zip(table["key"], table["label"])],
                "confidence": 1.0,
            },
            index=table.index,
        )


def test_clean_drops_each_kind_once(tmp_path):
    report = clean.run(SimpleNamespace(family=Corpus(), work=tmp_path, process=start()), {})
    found = {name: report[name] for name in ("missing", "duplicates", "contradictory", "leaked", "mislabelled")}
    assert found == {"missing": 1, "duplicates": 1, "contradictory": 2, "leaked": 1, "mislabelled": 1}
    assert report["kept"] == {"train": 2, "select": 2, "validation": 1}


def entry(accuracy: float, speedup: float, size: int = 1, invariance: float = 0.0) -> dict:
    return {
        "evaluation": {"accuracy": accuracy},
        "speedup": speedup,
        "bytes": size,
        "invariance": invariance,
        "precision": "fp32",
    }


@pytest.mark.parametrize(
    ("figures", "ships"),
    [
        (entry(0.94, 3.0), True),
        (entry(0.93, 3.0), False),
        (entry(0.94, 2.0), False),
        (entry(0.94, 3.0, invariance=0.1), False),
        (entry(0.94, 3.0, size=99), True),
    ],
)
def test_gate(figures, ships):
    family = SimpleNamespace(name="f", bars={"int8": Bar(2.2, 0.5)}, unshipped={}, accuracy_floor=0.9)
    context = SimpleNamespace(family=family, outcome=lambda step: {"default": entry(0.942, 1.0, 9), "int8": figures})
    assert gate.run(context, {})["int8"]["ship"] == ships


def test_gate_drops_the_dominated():
    family = SimpleNamespace(name="f", bars={}, unshipped={}, accuracy_floor=0.9)
    context = SimpleNamespace(
        family=family, outcome=lambda step: {"default": entry(0.94, 1.0, 9), "slow": entry(0.93, 0.9, 10)}
    )
    assert "dominated by default" in gate.run(context, {})["slow"]["reasons"][0]


def test_statistics():
    low, high = wilson(94, 100)
    assert 0.87 < low < 0.94 < high < 0.98
    import numpy as np

    assert mcnemar(np.ones(10, bool), np.zeros(10, bool)) < 0.01
