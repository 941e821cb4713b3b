"""`config.json` of the two towers under the keys of a CLIP model."""

import math

from ...text.encoder import EncoderConfig
from ...text.tokenizer import CLS, PAD, SEP
from ..images import SIDE
from ..network import ResNetConfig
from .towers import TwoTowers


def clip_config(model: TwoTowers) -> dict:
    """Widths, limits and special tokens of both towers, and the factor on cosines, as its logarithm and as it is."""
    width = model.image.config.outputs
    scale = float(model.log_scale.detach().exp().clamp(max=100))
    return {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": width,
        "logit_scale_init_value": math.log(scale),
        "logit_scale": scale,
        "text_config": _text(model.text.config, width),
        "vision_config": _vision(model.image.config, width),
    }


def _text(config: EncoderConfig, width: int) -> dict:
    return {
        "model_type": "clip_text_model",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden,
        "num_hidden_layers": len(config.heads),
        "num_attention_heads": config.heads[0],
        "intermediate_size": config.ffn[0],
        "max_position_embeddings": config.max_positions,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
        "projection_dim": width,
        "pad_token_id": PAD,
        "bos_token_id": CLS,
        "eos_token_id": SEP,
    }


def _vision(config: ResNetConfig, width: int) -> dict:
    return {
        "model_type": "clip_vision_model",
        "image_size": SIDE,
        "num_channels": 3,
        "hidden_size": config.channels[-1],
        "hidden_sizes": list(config.channels),
        "depths": list(config.blocks),
        "projection_dim": width,
    }
