"""The transfer set: the learning rows and many augmented ones, with what the teachers say about each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from ..core.distributed import Process, seed_everything
from ..core.loop import Schedule, fit
from .augment import augment
from .batches import TextBatches
from .corpus import Corpus
from .encoder import Encoder
from .learning import Distillation, distillation_loss, predict, transfer
from .pretrain import LanguageModel
from .teachers import soft_targets


@dataclass
class TransferSet:
    """Token ids, soft targets [rows, classes], and how many of the rows, the first ones, are originals."""

    ids: list[list[int]]
    soft: torch.Tensor
    originals: int


def make_transfer_set(
    corpus: Corpus,
    rows: np.ndarray,
    members: list[Encoder],
    language: LanguageModel,
    plan: dict,
    home: Path,
    process: Process,
    seed: int,
) -> TransferSet:
    """Augments the learning rows `rows` and asks the teachers; kept in `home`.

    Plan: `copies` of the corpus to make, `linear_weight`, `hard` = share of the given label in an original's target,
    `other` = further unlabelled token id rows.
    """
    path = home / "transfer.pt"
    if not process.main_says(path.exists()):
        ids = [corpus.ids[row] for row in rows]
        made = augment(ids, corpus.targets[rows], language, plan["copies"], process, seed) + plan.get("other", [])
        everything = ids + made
        soft = torch.from_numpy(
            soft_targets(members, corpus, rows, everything, process, plan["linear_weight"], seed)
        ).float()
        given = F.one_hot(torch.from_numpy(corpus.targets[rows]), len(corpus.labels)).float()
        soft[: len(ids)] = plan["hard"] * given + (1 - plan["hard"]) * soft[: len(ids)]
        if process.main:
            torch.save({"ids": everything, "soft": soft.half(), "originals": len(ids)}, path)
        process.barrier()
    return TransferSet(**torch.load(path, weights_only=True))


def teacher_vectors(teacher: Encoder, data: TransferSet, home: Path, process: Process) -> torch.Tensor:
    """The teacher's pooled last state of every row [rows, width], in half precision; kept in `home`."""
    path = home / "vectors.pt"
    if not process.main_says(path.exists()):
        vectors = torch.from_numpy(predict(teacher, data.ids, process, pooled=True)).half()
        if process.main:
            torch.save(vectors, path)
        process.barrier()
    return torch.load(path, weights_only=True)


def learn(
    student: Encoder,
    vectors: torch.Tensor | None,
    data: TransferSet,
    plan: dict,
    process: Process,
    label: str,
    home: Path,
    seed: int,
) -> Encoder:
    """Trains `student` in place on the transfer set and returns it; `vectors` are a teacher's hidden states, if any.

    Plan: epochs, learning_rate, batch, extra (augmented rows per original and epoch), token_drop, hidden_weight.
    """
    seed_everything(seed)
    model = Distillation(student, student.config.hidden if vectors is None else vectors.shape[1])
    source = transfer(data.ids, data.originals, int(plan["extra"] * data.originals), plan["token_drop"], seed)
    schedule = Schedule(plan["epochs"], plan["learning_rate"], label=label)
    loss = distillation_loss(data.soft, vectors, plan.get("hidden_weight", 0.0))
    checkpoint = home / f"{label.replace(' ', '_')}.resume"
    fit(model, loss, TextBatches(source, plan["batch"], process, seed), schedule, process, checkpoint)
    return student.eval()
