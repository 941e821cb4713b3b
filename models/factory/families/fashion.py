"""`fashion`: ten kinds of garment in 28 x 28 grey pictures, on Fashion-MNIST."""

from ..core.family import Bar
from ..vision.family import ImageFamily

AUGMENTATION = {"shift": 2, "flip": 0.5, "erase": 0.5, "square": [4, 12]}
MILD = {"shift": 2, "flip": 0.5, "erase": 0.1, "square": [2, 8]}
STUDENT = {"learning_rate": 4e-3, "batch": 128, "hidden_weight": 0.3, "hard": 0.2}

FASHION = ImageFamily(
    name="fashion",
    data={"name": "Fashion-MNIST", "licence": "MIT", "source": "Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747"},
    task="image-classification",
    steps=["clean", "tune", "train", "distill", "quantize", "evaluate", "gate", "publish"],
    accuracy_floor=0.935,
    lineage=[
        "clean",
        "train: residual network on shifted, mirrored and partly erased images, 10 epochs",
        "train: 5 epochs more, with a tenth of the images erased",
    ],
    bars={"int8": Bar(2.2, 0.5), "distilled": Bar(3.0, 2.0), "distilled_int8": Bar(6.0, 2.5)},
    plan={
        "clean": {"held_out": 300, "suspect_confidence": 0.99},
        "tune": {
            "trials": 4,
            "epochs": 2,
            "rows": 6000,
            "start": [{"learning_rate": 3e-3, "batch": 128, "width": 32}, {"learning_rate": 3e-3, "batch": 128, "width": 16}],
        },
        "train": {
            "default": {
                "shape": {"stem": 32, "channels": [32, 64, 128], "blocks": [1, 1, 1]},
                "epochs": 10,
                "learning_rate": 3e-3,
                "batch": 128,
                "smoothing": 0.05,
                "augmentation": AUGMENTATION,
            },
            "refine": {"epochs": 5, "learning_rate": 1.5e-3, "batch": 128, "smoothing": 0.02, "augmentation": MILD},
        },
        "distill": {
            "shapes": [
                {"stem": 16, "channels": [16, 32, 64], "blocks": [1, 1, 1]},
                {"stem": 16, "channels": [48, 96], "blocks": [1, 1], "first_stride": 2},
                {"stem": 16, "channels": [32, 64, 128], "blocks": [1, 1, 1], "first_stride": 2},
                {"stem": 16, "channels": [48, 96, 128], "blocks": [1, 1, 1], "first_stride": 2},
            ],
            "speedup": 3.0,
            "short": STUDENT | {"rows": 12_800, "epochs": 1, "augmentation": MILD},
            "final": STUDENT | {"epochs": 6, "augmentation": {**MILD, "erase": 0.25}},
        },
        "quantize": {
            "variants": {"int8": "default", "distilled_int8": "distilled"},
            "calibration": 512,
            "agreement": 0.99,
            "operators": ["Conv", "Gemm"],
            "chained": ["Conv", "Add", "Relu", "GlobalAveragePool", "Flatten", "Gemm"],
            "recipes": [
                {"method": "minmax", "per_channel": True},
                {"method": "minmax", "per_channel": False},
                {"method": "percentile", "per_channel": True},
                {"method": "minmax", "per_channel": True, "reduce_range": True},
            ],
        },
    },
)
