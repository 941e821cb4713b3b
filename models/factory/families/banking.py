"""`banking`: 77 questions of bank customers, on Banking77; the intent encoder, adapted."""

import pandas as pd

from ..core.context import Context
from ..core.family import Bar
from ..text.corpora import read_banking77
from ..text.corpus import Corpus, load_corpus
from ..text.family import TextFamily
from ..text.learning import load_encoder
from ..text.stages import Base, without_head
from .intent import INTENT, MEMBER, SHAPE, STUDENT


class Banking(TextFamily):
    """Takes tokenizer, language model and starting weights from the family `intent`, which must have been trained."""

    def read(self, context: Context) -> pd.DataFrame:
        table = read_banking77(context.data)
        return table.assign(key=table["text"].str.split().str.join(" "))[["key", "label", "split"]]

    def corpus(self, context: Context) -> Corpus:
        if self.loaded is None:
            plan = INTENT.plan["train"]["tokenizer"]
            home = context.sibling(INTENT).stage("tokenizer", plan)
            self.loaded = load_corpus(context, home, other_texts=[], **plan)
        return self.loaded

    def base(self, context: Context) -> Base:
        corpus, parent = self.corpus(context), context.sibling(INTENT)
        language = INTENT.base(parent).language
        adapted = load_encoder(parent.work / "default.pt", corpus.pieces)
        adapted.config.labels = len(corpus.labels)
        return Base(corpus, adapted.config, language, without_head(adapted.state_dict()))


BANKING = Banking(
    name="banking",
    data={"name": "Banking77", "licence": "CC BY 4.0", "source": "Casanueva et al. 2020, NLP for ConvAI"},
    steps=["clean", "tune", "train", "distill", "quantize", "fp16", "evaluate", "gate", "publish"],
    sample="a fixed tenth of every class of train",
    accuracy_floor=0.87,
    lineage=[
        "clean",
        "from the default variant of intent (CLINC150)",
        "train: an encoder and a TF-IDF support vector machine as teachers",
        "train: new head only, 3 epochs; then all of it from the teachers' soft targets, 7 epochs",
    ],
    bars={"int8": Bar(2.2, 0.5), "distilled": Bar(3.0, 2.0), "distilled_int8": Bar(6.0, 2.5)},
    unshipped={
        "fp16": "half precision is made for GPUs, a CPU has few kernels for it",
        "distilled": "kept out to save space: its int8 form is the one to serve",
    },
    plan={
        "clean": {"held_out": 10, "suspect_confidence": 0.95},
        "tune": {"trials": 4, "epochs": 4, "start": [{"learning_rate": 8e-4, "batch": 64, "hidden": 384}]},
        "train": {
            "members": [MEMBER | {"shape": SHAPE, "pretrained": True, "batch": 128}],
            "transfer": {"copies": 5, "linear_weight": 1.5, "hard": 0.5},
            "head_only": {"epochs": 3, "learning_rate": 3e-3, "batch": 64},
            "default": {"epochs": 7, "learning_rate": 5e-4, "batch": 128, "extra": 2.0, "token_drop": 0.1},
        },
        "distill": INTENT.plan["distill"]
        | {
            "shapes": [
                STUDENT | {"layers": 1, "hidden": 256, "heads": 4, "ffn": 512},
                STUDENT | {"layers": 1, "hidden": 256, "heads": 4, "ffn": 1024},
            ]
        },
        "quantize": INTENT.plan["quantize"] | {"variants": {"int8": "default", "distilled_int8": "distilled"}},
    },
)
