"""`fashion-clip`: images and short English texts about garments in one space, on Fashion-MNIST."""

from ..core.family import Bar
from ..vision.clip.family import ClipFamily
from .fashion import AUGMENTATION, FASHION

FASHION_CLIP = ClipFamily(
    name="fashion-clip",
    data=FASHION.data,
    task="zero-shot-image-classification",
    steps=["clean", "train", "quantize", "evaluate", "gate", "publish"],
    parent=FASHION,
    accuracy_floor=0.92,
    lineage=[
        "clean",
        "image tower from the default variant of fashion, with a new head",
        "train: contrastive, on captions made of synonyms of the class names and words for brightness, 3 epochs",
    ],
    bars={"int8": Bar(2.2, 0.5)},
    plan={
        "clean": FASHION.plan["clean"],
        "train": {
            "width": 64,
            "tokenizer": {"vocab_size": 600},
            "text": {"layers": 1, "heads": 2, "ffn": 512, "hidden": 128, "head_dim": 64, "max_positions": 64, "dropout": 0.1},
            "epochs": 3,
            "learning_rate": 1e-3,
            "batch": 128,
            "augmentation": AUGMENTATION,
        },
        "quantize": {
            "variants": {"int8": "default"},
            "calibration": 512,
            "agreement": 0.99,
            "operators": ["Conv", "Gemm", "MatMul"],
            "chained": ["Conv", "Add", "Relu", "GlobalAveragePool", "Flatten", "Gemm"],
            "skip": ["text.scores", "text.embedded", "text.scores_3d"],
            "recipes": FASHION.plan["quantize"]["recipes"],
        },
    },
)
