"""Losses and predictions of the text encoder."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.distributed import Process
from .batches import Source, TextBatch, pad
from .encoder import Encoder, EncoderConfig
from .tokenizer import CLS, MASK, SEP, UNK


def supervised_loss(labels: Tensor, smoothing: float):
    """Cross entropy with label smoothing; `labels` [rows] are looked up by the batch's row numbers."""

    def loss(model: nn.Module, batch: TextBatch) -> Tensor:
        logits, _ = model(batch.input_ids, batch.attention_mask)
        return F.cross_entropy(logits.float(), labels[batch.rows], label_smoothing=smoothing)

    return loss


class Distillation(nn.Module):
    """A student and, where its width differs from the teacher's, a projection of its sentence vector (as in TinyBERT,
    Jiao et al. 2020, which does so for every token)."""

    def __init__(self, student: Encoder, width: int):
        super().__init__()
        self.student = student
        same = width == student.config.hidden
        self.project = nn.Identity() if same else nn.Linear(student.config.hidden, width, bias=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, states = self.student(input_ids, attention_mask)
        return logits, self.project(self.student.pool(states[-1], attention_mask))


def distillation_loss(soft: Tensor, vectors: Tensor | None, hidden_weight: float):
    """Cross entropy with soft targets (Hinton et al. 2015) plus the mean squared error of the last hidden state.

    `soft` [rows, classes] are the teachers' probabilities and `vectors` [rows, width] the teacher's pooled last state of
    each row's whole text. Pooled, the state is computed once per row and not once per row and epoch, which would cost
    more than the student itself; and a student that reads a blurred text is drawn to the vector of the whole one.
    """

    def loss(model: nn.Module, batch: TextBatch) -> Tensor:
        logits, mine = model(batch.input_ids, batch.attention_mask)
        rows = batch.rows.cpu()
        target = soft[rows].to(logits.device, torch.float32)
        total = -(target * F.log_softmax(logits.float(), -1)).sum(-1).mean()
        if vectors is not None:
            total = total + hidden_weight * F.mse_loss(mine.float(), vectors[rows].to(logits.device, torch.float32))
        return total

    return loss


def plain(ids: list[list[int]]) -> Source:
    """The rows as they are, every epoch."""
    return lambda epoch: (ids, np.arange(len(ids)))


def noisy(ids: list[list[int]], drop: float, unknown: float, seed: int) -> Source:
    """The rows with tokens dropped (probability `drop`) or made [UNK] (`unknown`), drawn anew for each epoch."""

    def at(epoch: int) -> tuple[list[list[int]], np.ndarray]:
        generator = np.random.default_rng([seed, epoch])
        return [_blur(row, drop, unknown, generator) for row in ids], np.arange(len(ids))

    return at


def transfer(ids: list[list[int]], originals: int, extra: int, drop: float, seed: int) -> Source:
    """Each epoch: the first `originals` rows, blurred, and `extra` of the rows behind them, as they are."""

    def at(epoch: int) -> tuple[list[list[int]], np.ndarray]:
        generator = np.random.default_rng([seed, epoch])
        chosen = originals + generator.permutation(len(ids) - originals)[:extra]
        first = [_blur(row, drop, 0.02, generator) for row in ids[:originals]]
        return first + [ids[row] for row in chosen], np.concatenate([np.arange(originals), chosen])

    return at


def _blur(row: list[int], drop: float, unknown: float, generator: np.random.Generator) -> list[int]:
    draws = generator.random((2, len(row)))
    kept = [token for token, draw in zip(row[1:-1], draws[0]) if draw >= drop] or row[1:-1]
    return [CLS, *(UNK if draw < unknown else token for token, draw in zip(kept, draws[1])), SEP]


def masked_inputs(input_ids: Tensor, share: float = 0.2) -> tuple[Tensor, Tensor]:
    """Masks `share` of the word pieces (85 % of them by [MASK]); returns the inputs and where they were chosen."""
    chosen = (torch.rand(input_ids.shape, device=input_ids.device) < share) & (input_ids > MASK)
    hide = chosen & (torch.rand(input_ids.shape, device=input_ids.device) < 0.85)
    return torch.where(hide, MASK, input_ids), chosen


@torch.no_grad()
def predict(
    model: Encoder, ids: list[list[int]], process: Process, pooled: bool = False, size: int = 256
) -> np.ndarray:
    """Logits [rows, classes] in evaluation mode, or with `pooled` the mean last states [rows, hidden]."""
    model.to(process.device).eval()
    order = np.argsort([len(row) for row in ids], kind="stable")
    result = np.zeros((len(ids), model.config.hidden if pooled else model.config.labels), np.float32)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        input_ids, mask = (part.to(process.device) for part in pad([ids[row] for row in rows]))
        with torch.autocast(process.device.type, dtype=torch.bfloat16):
            logits, states = model(input_ids, mask)
            values = model.pool(states[-1], mask) if pooled else logits
        result[rows] = values.float().cpu().numpy()
    return result


def save_encoder(model: Encoder, path: Path) -> None:
    """Keeps config and weights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"config": model.config.to_dict(), "weights": model.state_dict()}, path)


def load_encoder(path: Path, pieces: list[str]) -> Encoder:
    """Reads what `save_encoder` kept."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    config = EncoderConfig(**state["config"])
    model = Encoder(config, pieces if config.ngrams else None)
    model.load_state_dict(state["weights"])
    return model.eval()
