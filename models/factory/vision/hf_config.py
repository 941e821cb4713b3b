"""`config.json` and `preprocessor_config.json` in the Hugging Face form."""

from .images import DEVIATION, LABELS, MEAN, SIDE
from .network import ResNetConfig


def resnet_config(config: ResNetConfig) -> dict:
    """The network's shape and label names under the keys of a ResNet classifier."""
    return {
        "architectures": ["ResNetForImageClassification"],
        "model_type": "resnet",
        "layer_type": "basic",
        "num_channels": 3,
        "embedding_size": config.stem,
        "hidden_sizes": list(config.channels),
        "depths": list(config.blocks),
        "downsample_in_first_stage": config.first_stride == 2,
        "hidden_act": "relu",
        "problem_type": "single_label_classification",
        "id2label": {str(number): name for number, name in enumerate(LABELS)},
        "label2id": {name: number for number, name in enumerate(LABELS)},
    }


def preprocessor(kind: str = "ViTImageProcessor") -> dict:
    """Resize to 28 x 28 (bilinear), scale to 0..1, normalise three equal channels.

    The named processor is transformers' simplest one: it resizes to the exact size and does not crop.
    """
    return {
        "image_processor_type": kind,
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"height": SIDE, "width": SIDE},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [MEAN] * 3,
        "image_std": [DEVIATION] * 3,
    }
