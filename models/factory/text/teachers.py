"""The teachers: several encoders of different seeds and the linear model, averaged."""

import logging
from pathlib import Path

import numpy as np
import torch

from ..core.distributed import Process, seed_everything
from ..core.loop import Schedule, fit
from ..core.metrics import softmax
from .batches import TextBatches
from .corpus import Corpus
from .encoder import Encoder, EncoderConfig
from .learning import load_encoder, noisy, predict, save_encoder, supervised_loss
from .linear import linear_model, margins_to_probabilities

log = logging.getLogger("factory")


def train_member(
    corpus: Corpus,
    rows: np.ndarray,
    plan: dict,
    number: int,
    home: Path,
    process: Process,
    start: dict | None = None,
    seed: int = 0,
) -> Encoder:
    """One encoder on the learning rows `rows`, kept in `home` and read back when it is there.

    Plan: `shape` (fields of EncoderConfig.uniform), epochs, learning_rate, batch, token_drop, smoothing.
    `start` are weights to begin from.
    """
    path = home / f"member_{number}.pt"
    if process.main_says(path.exists()):
        return load_encoder(path, corpus.pieces)
    seed_everything(seed + 101 * number)
    config = EncoderConfig.uniform(**plan["shape"], vocab_size=len(corpus.pieces), labels=len(corpus.labels))
    model = Encoder(config, corpus.pieces)
    if start:
        model.load_state_dict(start, strict=False)
    ids, targets = [corpus.ids[row] for row in rows], torch.from_numpy(corpus.targets[rows]).to(process.device)
    schedule = Schedule(plan["epochs"], plan["learning_rate"], label=f"teacher {number}")
    batches = TextBatches(noisy(ids, plan["token_drop"], 0.02, seed + number), plan["batch"], process, seed + number)
    fit(
        model, supervised_loss(targets, plan["smoothing"]), batches, schedule, process, home / f"member_{number}.resume"
    )
    if process.main:
        save_encoder(model, path)
    return model


def soft_targets(
    members: list[Encoder],
    corpus: Corpus,
    rows: np.ndarray,
    ids: list[list[int]],
    process: Process,
    linear_weight: float,
    seed: int,
) -> np.ndarray:
    """Mean class probabilities [len(ids), classes] of the members and the linear model, in half precision.

    The linear model reads the ids' text; its share of the mean is `linear_weight` members.
    """
    total = np.zeros((len(ids), len(corpus.labels)), np.float32)
    for member in members:
        total += softmax(predict(member, ids, process))
    if linear_weight:
        texts = corpus.learning["key"].iloc[rows]
        model = linear_model(seed).fit([normalise(corpus, row) for row in corpus.encode(texts)], corpus.targets[rows])
        total += linear_weight * margins_to_probabilities(
            model.decision_function([normalise(corpus, row) for row in ids])
        )
    return (total / (len(members) + linear_weight)).astype(np.float16)


def normalise(corpus: Corpus, row: list[int]) -> str:
    """The text of token ids, as the linear model sees originals and augmented rows alike."""
    return corpus.tokenizer.decode(row, skip_special_tokens=True)
