"""The training loop: AdamW, warm-up then cosine, gradient clipping, mixed precision, resume from the last epoch."""

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from .distributed import Process

log = logging.getLogger("factory")


@dataclass
class Schedule:
    """How long and how fast to train."""

    epochs: int
    learning_rate: float
    warmup: float = 0.1
    weight_decay: float = 0.05
    clip: float = 1.0
    label: str = "train"


class Batches:
    """What `fit` iterates: `epoch(n)` yields the batches of epoch n (any objects), `len` says how many."""

    def epoch(self, number: int) -> Iterator:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError


def fit(
    model: nn.Module,
    loss_of: Callable[[nn.Module, object], Tensor],
    batches: Batches,
    schedule: Schedule,
    process: Process,
    checkpoint: Path | None = None,
    after_epoch: Callable[[int], None] | None = None,
) -> None:
    """Trains `model` in place; `loss_of(wrapped model, batch)` gives the scalar loss.

    With `checkpoint` the state is kept after every epoch, and an interrupted run goes on from there; the file
    is removed at the end. `after_epoch` may raise (a pruned trial does).
    """
    wrapped = process.wrap(model)
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=schedule.learning_rate, betas=(0.9, 0.98), fused=True)
    total = max(1, schedule.epochs * len(batches))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total, schedule.warmup))
    first = _resume(checkpoint, model, optimizer, scheduler) if checkpoint else 0
    bar = tqdm(total=total, initial=first * len(batches), desc=schedule.label, disable=not process.main, mininterval=5)
    for epoch in range(first, schedule.epochs):
        wrapped.train()
        running = 0.0
        for batch in batches.epoch(epoch):
            with torch.autocast(process.device.type, dtype=torch.bfloat16):
                loss = loss_of(wrapped, batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
            optimizer.step()
            scheduler.step()
            running += float(loss.detach())
            bar.update()
        log.info("%s: epoch %d of %d, loss %.4f", schedule.label, epoch + 1, schedule.epochs, running / len(batches))
        if checkpoint and process.main:
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(),
            }
            torch.save({**state, "epoch": epoch + 1}, checkpoint)
        if after_epoch:
            after_epoch(epoch)
    bar.close()
    model.eval()
    process.barrier()
    if checkpoint and process.main:
        checkpoint.unlink(missing_ok=True)


def _rate(step: int, total: int, warmup: float) -> float:
    rise = max(1, int(total * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))


def _resume(checkpoint: Path, model: nn.Module, optimizer, scheduler) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    for name, part in (("model", model), ("optimizer", optimizer), ("scheduler", scheduler)):
        part.load_state_dict(state[name])
    log.info("resumed after epoch %d", state["epoch"])
    return state["epoch"]
