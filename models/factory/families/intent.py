"""`intent`: 150 intents of a voice assistant and an out-of-scope class, on CLINC150."""

import pandas as pd

from ..core.context import Context
from ..core.family import Bar
from ..text.corpora import read_banking77, read_clinc150
from ..text.corpus import Corpus, load_corpus
from ..text.family import TextFamily
from ..text.stages import Base, language_model, without_head

SHAPE = {"layers": 2, "hidden": 384, "heads": 6, "ffn": 1536, "dropout": 0.2}
MEMBER = {"epochs": 12, "token_drop": 0.12, "smoothing": 0.1}
STUDENT = {"head_dim": 64, "dropout": 0.1}


class Intent(TextFamily):
    """CLINC150. Its tokenizer and language model also read Banking77's training text, without labels."""

    def read(self, context: Context) -> pd.DataFrame:
        table = read_clinc150(context.data)
        return table.assign(key=table["text"].str.strip())[["key", "label", "split"]]

    def other_texts(self, context: Context) -> list[str]:
        """Unlabelled text beside the corpus."""
        banking = read_banking77(context.data)
        return list(banking.loc[banking["split"] == "train", "text"])

    def corpus(self, context: Context) -> Corpus:
        if self.loaded is None:
            plan = self.plan["train"]["tokenizer"]
            self.loaded = load_corpus(
                context, context.stage("tokenizer", plan), other_texts=self.other_texts(context), **plan
            )
        return self.loaded

    def base(self, context: Context) -> Base:
        corpus = self.corpus(context)
        other = corpus.encode(pd.Series(self.other_texts(context)))
        language = language_model(context, corpus, self.plan["train"]["pretrain"], other)
        return Base(corpus, language.encoder.config, language, without_head(language.encoder.state_dict()))


INTENT = Intent(
    name="intent",
    data={"name": "CLINC150", "licence": "CC BY 3.0", "source": "Larson et al. 2019, EMNLP"},
    steps=["clean", "tune", "train", "distill", "prune", "quantize", "fp16", "evaluate", "gate", "publish"],
    sample="validation, in scope",
    accuracy_floor=0.94,
    lineage=[
        "clean",
        "pretrain: masked language model on CLINC150 and Banking77 training text, 8 epochs",
        "train: 3 encoders and a TF-IDF support vector machine as teachers",
        "train: default from the teachers' soft targets on the training rows and 8 augmented rows for each, 10 epochs",
    ],
    notes=[
        "Single encoders on the held-out rows (n = 1,500, one seed each, so differences below about one point say nothing): "
        "2 x 384 from random weights 92.3 %, from the language model 92.4 %; 2 x 256 92.4 %, with mixup and more token "
        "dropout 91.6 %. The linear SVM alone 92.5 %. The first two encoders averaged 93.9 %, with the SVM 94.3 %; all four "
        "averaged 93.5 %, with the SVM 93.7 %.",
        "A fourth teacher (3 x 256) was given up for lack of time, not for its accuracy.",
        "SkipLayerNormalization took about 6 ms of a batch of 16 in the runtime's profile, Sum and LayerNormalization in its "
        "place about 1.2 ms; int8 went from 2.3 to 2.7-2.9 times the default's speed (random weights, a busy machine).",
        "Hidden states were first distilled token by token, which made the teacher's pass the larger part of a step; the "
        "pooled state replaced it before any distilled or pruned variant was finished, so the two were not compared.",
    ],
    bars={
        "int8": Bar(2.2, 0.5),
        "pruned": Bar(1.5, 1.0),
        "pruned_int8": Bar(2.2, 1.5),
        "distilled": Bar(3.0, 2.0),
        "distilled_int8": Bar(6.0, 2.5),
    },
    unshipped={"fp16": "half precision is made for GPUs, a CPU has few kernels for it"},
    plan={
        "clean": {"held_out": 10, "suspect_confidence": 0.95},
        "tune": {
            "trials": 6,
            "epochs": 4,
            "start": [
                {"learning_rate": 8e-4, "batch": 128, "hidden": 384},
                {"learning_rate": 1e-3, "batch": 128, "hidden": 256},
            ],
        },
        "train": {
            "tokenizer": {"vocab_size": 4000, "max_length": 128},
            "pretrain": {"shape": SHAPE, "epochs": 8, "learning_rate": 1e-3, "batch": 128},
            "members": [
                MEMBER | {"shape": SHAPE, "pretrained": True},
                MEMBER | {"shape": {"layers": 2, "hidden": 256, "heads": 4, "ffn": 1024, "dropout": 0.2}},
                MEMBER | {"shape": SHAPE | {"layers": 1, "dropout": 0.3}},
            ],
            "transfer": {"copies": 8, "linear_weight": 1.5, "hard": 0.5},
            "default": {"epochs": 10, "learning_rate": 8e-4, "batch": 128, "extra": 1.75, "token_drop": 0.1},
        },
        "private": {"shape": SHAPE | {"dropout": 0.0}, "epochs": 20, "learning_rate": 1e-3, "batch": 512, "clip": 1.0},
        "distill": {
            "shapes": [
                STUDENT | {"layers": 1, "hidden": 256, "heads": 4, "ffn": 512},
                STUDENT | {"layers": 1, "hidden": 256, "heads": 4, "ffn": 1024},
                STUDENT | {"layers": 1, "hidden": 384, "heads": 4, "ffn": 768},
            ],
            "speedup": 3.0,
            "short": {
                "epochs": 2,
                "learning_rate": 1.5e-3,
                "batch": 128,
                "extra": 1.0,
                "token_drop": 0.1,
                "hidden_weight": 1.0,
            },
            "final": {
                "epochs": 10,
                "learning_rate": 1.5e-3,
                "batch": 128,
                "extra": 2.0,
                "token_drop": 0.1,
                "hidden_weight": 1.0,
            },
        },
        "prune": {
            "sample": 3000,
            "heads": 4,
            "ffn": 768,
            "recovery": {
                "epochs": 3,
                "learning_rate": 5e-4,
                "batch": 128,
                "extra": 1.5,
                "token_drop": 0.1,
                "hidden_weight": 1.0,
            },
        },
        "quantize": {
            "variants": {"int8": "default", "pruned_int8": "pruned", "distilled_int8": "distilled"},
            "skip": ["scores"],
            "table": "tokens",
            "calibration": 320,
            "recipes": [
                {"method": "minmax", "per_channel": True},
                {"method": "minmax", "per_channel": False},
                {"method": "percentile", "per_channel": True},
                {"method": "minmax", "per_channel": True, "reduce_range": True},
            ],
            "per_token": True,
        },
    },
)
