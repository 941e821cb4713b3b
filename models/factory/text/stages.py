"""The stages of `train` for a text family, each of which leaves its result in a folder and reads it back."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..core.context import Context
from ..core.distributed import seed_everything
from ..core.loop import Schedule, fit
from .batches import TextBatches
from .corpora import OUT_OF_SCOPE
from .corpus import Corpus
from .encoder import Encoder, EncoderConfig
from .learning import load_encoder, noisy, predict, save_encoder, supervised_loss
from .pretrain import LanguageModel, pretrain
from .teachers import train_member
from .transfer import TransferSet, learn, make_transfer_set

log = logging.getLogger("factory")


@dataclass
class Base:
    """What a family starts from: its corpus, an encoder shape, a language model and weights to begin with."""

    corpus: Corpus
    config: EncoderConfig
    language: LanguageModel
    start: dict[str, torch.Tensor]


def language_model(context: Context, corpus: Corpus, plan: dict, other_ids: list[list[int]]) -> LanguageModel:
    """Pre-trains an encoder of the family's shape on its learning rows and other unlabelled text."""
    home = context.stage("pretrain", plan)
    path = home / "language_model.pt"
    seed_everything(context.family.seed)
    config = EncoderConfig.uniform(**plan["shape"], vocab_size=len(corpus.pieces), labels=len(corpus.labels))
    encoder = Encoder(config, corpus.pieces)
    if context.process.main_says(path.exists()):
        model = LanguageModel(encoder)
        model.load_state_dict(torch.load(path, weights_only=True))
        return model
    schedule = Schedule(plan["epochs"], plan["learning_rate"], label="language model")
    model = pretrain(
        encoder,
        corpus.ids + other_ids,
        schedule,
        plan["batch"],
        context.process,
        context.family.seed,
        home / "resume.pt",
    )
    if context.process.main:
        torch.save(model.state_dict(), path)
    return model


def without_head(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """An encoder's weights but for its classifier's."""
    return {name: value for name, value in weights.items() if not name.startswith("classifier.")}


def transfer_set(context: Context, base: Base, rows: np.ndarray, plan: dict, name: str = "teachers") -> TransferSet:
    """Trains the teachers on the learning rows `rows` and lets them label the augmented corpus.

    Plan: `members` (one plan per teacher; `pretrained` says whether it begins from the base's weights) and `transfer`.
    """
    home = context.stage(name, {"plan": plan, "rows": len(rows)})
    members = []
    for number, member in enumerate(plan["members"]):
        start = base.start if member.get("pretrained") else None
        members.append(
            train_member(base.corpus, rows, member, number, home, context.process, start, context.family.seed)
        )
    return make_transfer_set(
        base.corpus, rows, members, base.language, plan["transfer"], home, context.process, context.family.seed
    )


def fresh_encoder(base: Base, seed: int, shape: dict | None = None) -> Encoder:
    """An encoder of the base's shape with its starting weights, or of another shape with random ones."""
    seed_everything(seed)
    corpus = base.corpus
    if shape is None:
        model = Encoder(base.config, corpus.pieces)
        model.load_state_dict(base.start, strict=False)
        return model
    config = EncoderConfig.uniform(**shape, vocab_size=len(corpus.pieces), labels=len(corpus.labels))
    return Encoder(config, corpus.pieces)


def head_only(context: Context, model: Encoder, corpus: Corpus, rows: np.ndarray, plan: dict) -> None:
    """Fits a new classifier to a frozen encoder, so that its first, random gradients do not spoil the encoder."""
    frozen = [parameter for name, parameter in model.named_parameters() if not name.startswith("classifier.")]
    for parameter in frozen:
        parameter.requires_grad_(False)
    ids, targets = [corpus.ids[row] for row in rows], torch.from_numpy(corpus.targets[rows]).to(context.process.device)
    batches = TextBatches(
        noisy(ids, 0.05, 0.0, context.family.seed), plan["batch"], context.process, context.family.seed
    )
    fit(
        model,
        supervised_loss(targets, 0.05),
        batches,
        Schedule(plan["epochs"], plan["learning_rate"], label="head only"),
        context.process,
    )
    for parameter in frozen:
        parameter.requires_grad_(True)


def default_encoder(
    context: Context, base: Base, rows: np.ndarray, data: TransferSet, plan: dict, home: Path
) -> Encoder:
    """The default: an encoder that learns from the teachers' soft targets; kept in `home`."""
    if context.process.main_says((home / "default.pt").exists()):
        return load_encoder(home / "default.pt", base.corpus.pieces)
    model = fresh_encoder(base, context.family.seed)
    if plan.get("head_only"):
        head_only(context, model, base.corpus, rows, plan["head_only"])
    learn(model, None, data, plan["default"], context.process, "default", home, context.family.seed)
    if context.process.main:
        save_encoder(model, home / "default.pt")
    return model


def select_accuracy(model: nn.Module, corpus: Corpus, context: Context) -> float:
    """Accuracy on the held-out part of train, out-of-scope rows left aside."""
    rows = np.flatnonzero(corpus.select & (corpus.learning["label"] != OUT_OF_SCOPE).to_numpy())
    logits = predict(model, [corpus.ids[row] for row in rows], context.process)
    return float((logits.argmax(1) == corpus.targets[rows]).mean())
