"""All steps of a tiny text family, end to end, on a made-up corpus."""

import json

import numpy as np
import pandas as pd

from factory.core.context import Context
from factory.core.distributed import seed_everything, start
from factory.core.family import Bar
from factory.families.intent import Intent
from factory.steps import NEEDS, STEPS

SHAPE = {"layers": 2, "hidden": 64, "heads": 2, "head_dim": 32, "ffn": 128, "dropout": 0.0}
FIT = {"epochs": 2, "learning_rate": 3e-3, "batch": 16, "token_drop": 0.0}
TOPICS = {
    "weather": "rain sun wind cloud storm",
    "money": "bill card bank loan cash",
    "music": "song band play tune album",
}


class Tiny(Intent):
    """Sentences about one of three topics, padded with filler words."""

    def read(self, context):
        generator, rows = np.random.default_rng(0), []
        for label, words in TOPICS.items():
            for number in range(50):
                text = " ".join(generator.choice(words.split() + "the a my to of".split(), 6))
                rows.append((f"{text} {number}", label, "validation" if number >= 40 else "train"))
        return pd.DataFrame(rows, columns=["key", "label", "split"])

    def other_texts(self, context):
        return ["the bank of the wind", "my song to the sun"]


def tiny() -> Tiny:
    student = {"layers": 1, "hidden": 32, "heads": 1, "head_dim": 32, "ffn": 64, "dropout": 0.0}
    return Tiny(
        name="tiny",
        data={"name": "made up", "licence": "none", "source": "this test"},
        steps=["clean", "tune", "train", "distill", "prune", "quantize", "fp16", "evaluate", "gate", "publish"],
        lineage=["clean", "train"],
        bars={"int8": Bar(0.0, 100.0), "pruned": Bar(0.0, 100.0), "distilled": Bar(0.0, 100.0)},
        unshipped={"fp16": "for GPUs"},
        plan={
            "clean": {"held_out": 5},
            "tune": {"trials": 1, "epochs": 1, "start": [{"learning_rate": 1e-3, "batch": 64, "hidden": 256}]},
            "train": {
                "tokenizer": {"vocab_size": 200, "max_length": 32},
                "pretrain": {"shape": SHAPE, "epochs": 1, "learning_rate": 1e-3, "batch": 16},
                "members": [FIT | {"shape": SHAPE, "smoothing": 0.1, "pretrained": True}],
                "transfer": {"copies": 2, "linear_weight": 1.0, "hard": 0.5},
                "default": FIT | {"epochs": 6, "extra": 1.0},
            },
            "distill": {
                "shapes": [student],
                "speedup": 0.0,
                "short": FIT | {"extra": 1.0},
                "final": FIT | {"epochs": 8, "extra": 1.0, "hidden_weight": 0.1},
            },
            "prune": {"sample": 50, "heads": 1, "ffn": 64, "recovery": FIT | {"extra": 1.0, "hidden_weight": 0.1}},
            "quantize": {
                "variants": {"int8": "default"},
                "skip": ["scores"],
                "table": "tokens",
                "calibration": 32,
                "recipes": [{}],
                "per_token": True,
            },
        },
    )


def test_build(tmp_path):
    family = tiny()
    context = Context(family, tmp_path, tmp_path / "work", tmp_path / "models", tmp_path / "reports", start(1))
    for step in family.steps:
        seed_everything(family.seed)
        assert context.once(step, NEEDS[step], {}, lambda step=step: STEPS[step].run(context, {}))
    assert not context.once("evaluate", NEEDS["evaluate"], {}, lambda: {})  # nothing has changed: skipped
    version = tmp_path / "models" / "tiny" / "1"
    published = json.loads((version / "variants.json").read_text())
    default = published["variants"]["default"]
    assert default["accuracy"] > 0.6 and default["bytes"] == (version / "model.onnx").stat().st_size
    assert "fp16" not in published["variants"]
    assert {"tokenizer.json", "config.json", "tokenizer_config.json"} <= {path.name for path in version.iterdir()}
    assert "## Quantisation" in (tmp_path / "reports" / "tiny.md").read_text()
