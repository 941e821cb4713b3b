"""The shipped image models: files as recorded, rows apart from one another, answers in the runtime's integer kernels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from factory.core.onnx_files import digest, optimised_operators, session
from factory.vision import evaluation
from factory.vision.clip import evaluation as clip_evaluation
from factory.vision.images import ImageSet

MODELS = Path(__file__).resolve().parents[2]
VARIANTS = [
    (family, name, entry)
    for family in ("fashion", "fashion-clip")
    for name, entry in json.loads((MODELS / family / "1" / "variants.json").read_text(encoding="utf-8"))[
        "variants"
    ].items()
]
NAMES = [f"{family}@{name}" for family, name, _ in VARIANTS]


def images(rows: int) -> ImageSet:
    """Smooth blobs: between noise and garments."""
    generator = torch.Generator().manual_seed(rows)
    small = torch.rand(rows, 1, 7, 7, generator=generator)
    blobs = torch.nn.functional.interpolate(small, (28, 28), mode="bilinear")[:, 0]
    return ImageSet((blobs * 255).to(torch.uint8), torch.zeros(rows, dtype=torch.long))


@pytest.mark.parametrize(("family", "name", "entry"), VARIANTS, ids=NAMES)
def test_file_is_the_one_that_was_measured(family, name, entry):
    path = MODELS / family / "1" / entry["file"]
    assert (path.stat().st_size, digest(path)) == (entry["bytes"], entry["sha256"])


@pytest.mark.parametrize(("family", "name", "entry"), VARIANTS, ids=NAMES)
def test_rows_do_not_affect_one_another(family, name, entry):
    folder = MODELS / family / "1"
    model, rows = session(folder / entry["file"]), images(16)
    if family == "fashion":
        assert evaluation.worst_difference(model, rows.pixels) <= 1e-3
    else:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        assert clip_evaluation.worst_difference(model, tokenizer, rows) <= 1e-3


@pytest.mark.parametrize(("family", "name", "entry"), VARIANTS, ids=NAMES)
def test_int8_leaves_no_convolution_in_float(family, name, entry):
    counts = optimised_operators(MODELS / family / "1" / entry["file"])
    if entry["precision"] == "int8":
        assert counts["QLinearConv"] > 0 and counts["Conv"] == 0
    else:
        assert counts["Conv"] > 0 and counts["Cast"] <= 2  # half-size storage is folded at load


def test_classes_are_named_in_order():
    config = json.loads((MODELS / "fashion" / "1" / "config.json").read_text(encoding="utf-8"))
    assert list(config["id2label"].values()) == evaluation.LABELS
    assert config["label2id"] == {name: int(number) for number, name in config["id2label"].items()}
    assert np.isclose(
        json.loads((MODELS / "fashion" / "1" / "preprocessor_config.json").read_text())["rescale_factor"], 1 / 255
    )
