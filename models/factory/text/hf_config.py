"""`config.json` in the Hugging Face form, so that tools which read an exported folder find what they expect."""

from .encoder import EncoderConfig
from .tokenizer import CLS, MASK, PAD, SEP


def hugging_face_config(config: EncoderConfig, labels: list[str]) -> dict:
    """The encoder's shape and label names under the keys of a BERT classifier."""
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": config.hidden,
        "num_hidden_layers": len(config.heads),
        "num_attention_heads": config.heads[0],
        "intermediate_size": config.ffn[0],
        "max_position_embeddings": config.max_positions,
        "vocab_size": config.vocab_size,
        "layer_norm_eps": 1e-5,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
        "classifier_pooling": "mean",
        "problem_type": "single_label_classification",
        "pad_token_id": PAD,
        "cls_token_id": CLS,
        "sep_token_id": SEP,
        "mask_token_id": MASK,
        "id2label": {str(index): name for index, name in enumerate(labels)},
        "label2id": {name: index for index, name in enumerate(labels)},
    }
