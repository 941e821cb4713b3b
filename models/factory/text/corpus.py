"""The cleaned corpus of a text family, tokenised: what every stage of its training starts from."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from ..core.context import Context
from .corpora import label_names
from .tokenizer import encode, load_tokenizer, train_tokenizer


@dataclass
class Corpus:
    """Rows of train and select together (train first), their ids and labels, and the reporting split."""

    tokenizer: Tokenizer
    pieces: list[str]
    labels: list[str]
    learning: pd.DataFrame
    ids: list[list[int]]
    targets: np.ndarray
    select: np.ndarray
    reporting: pd.DataFrame
    max_length: int

    def encode(self, texts: pd.Series) -> list[list[int]]:
        """Token ids of other texts."""
        return encode(self.tokenizer, list(texts), self.max_length)


def load_corpus(
    context: Context, tokenizer_home: Path, vocab_size: int, other_texts: list[str], max_length: int
) -> Corpus:
    """Reads `clean.csv`; trains the tokenizer in `tokenizer_home` if it is not there yet.

    The tokenizer sees the learning rows and `other_texts`, never the reporting split. Ties between equally frequent pairs
    are broken by hash order inside the trainer, so a new tokenizer differs in a few pieces: the file is kept.
    """
    table = pd.read_csv(context.work / "clean.csv", dtype=str, keep_default_na=False)
    learning = pd.concat([table[table["split"] == split] for split in ("train", "select")], ignore_index=True)
    home = tokenizer_home / "tokenizer.json"
    if context.process.main and not home.exists():
        tokenizer_home.mkdir(parents=True, exist_ok=True)
        train_tokenizer([*learning["key"], *other_texts], vocab_size).save(str(home.with_suffix(".part")))
        home.with_suffix(".part").rename(home)
    while not home.exists():  # no barrier: the main process may have loaded the corpus earlier, on its own
        time.sleep(0.2)
    tokenizer = load_tokenizer(tokenizer_home)
    labels = label_names(table["label"])
    index = {name: position for position, name in enumerate(labels)}
    return Corpus(
        tokenizer=tokenizer,
        pieces=[tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())],
        labels=labels,
        learning=learning,
        ids=encode(tokenizer, list(learning["key"]), max_length),
        targets=learning["label"].map(index).to_numpy(),
        select=(learning["split"] == "select").to_numpy(),
        reporting=table[table["split"] == "validation"].reset_index(drop=True),
        max_length=max_length,
    )


def tokenizer_text(tokenizer: Tokenizer) -> str:
    """`tokenizer.json`, one entry a line so that versions can be compared."""
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, indent=0) + "\n"
