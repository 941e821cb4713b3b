"""Losses, predictions and checkpoints of image classifiers."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.distributed import Process
from .batches import ImageBatch
from .images import normalise
from .network import ResNet, ResNetConfig


def supervised_loss(smoothing: float):
    """Cross entropy with label smoothing (Szegedy et al. 2016)."""

    def loss(model: nn.Module, batch: ImageBatch) -> Tensor:
        logits, _ = model(batch.images)
        return F.cross_entropy(logits.float(), batch.targets, label_smoothing=smoothing)

    return loss


class Student(nn.Module):
    """A student whose pooled features are projected to the teacher's width."""

    def __init__(self, student: ResNet, teacher: ResNet):
        super().__init__()
        self.student = student
        self.project = nn.Linear(student.config.channels[-1], teacher.config.channels[-1], bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits, pooled = self.student(images)
        return logits, self.project(pooled)


def distillation_loss(teachers: list[ResNet], hidden_weight: float, hard: float, temperature: float = 1.5):
    """Soft targets of the teachers' mean on the very image the student sees (Hinton et al. 2015; Beyer et al. 2022),
    `hard` of the given label, and the mean squared distance of the pooled features to the first teacher's."""

    def loss(model: nn.Module, batch: ImageBatch) -> Tensor:
        logits, pooled = model(batch.images)
        with torch.no_grad():
            answers = [teacher(batch.images) for teacher in teachers]
            soft = torch.stack([(a.float() / temperature).softmax(-1) for a, _ in answers]).mean(0)
        total = temperature**2 * F.kl_div(F.log_softmax(logits.float() / temperature, -1), soft, reduction="batchmean")
        total = total + hard * F.cross_entropy(logits.float(), batch.targets)
        return total + hidden_weight * F.mse_loss(pooled.float(), answers[0][1].float())

    return loss


@torch.no_grad()
def predict(model: ResNet, pixels: Tensor, process: Process, size: int = 256) -> np.ndarray:
    """Logits [rows, classes] in evaluation mode, for uint8 [rows, 28, 28]."""
    model.to(process.device).eval()
    parts = []
    for start in range(0, len(pixels), size):
        images = normalise(pixels[start : start + size]).to(process.device)
        with torch.autocast(process.device.type, dtype=torch.bfloat16):
            parts.append(model(images)[0].float().cpu().numpy())
    return np.concatenate(parts)


def save_network(model: ResNet, path: Path) -> None:
    """Keeps config and weights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"config": model.config.to_dict(), "weights": model.state_dict()}, path)


def load_network(path: Path) -> ResNet:
    """Reads what `save_network` kept."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    model = ResNet(ResNetConfig(**state["config"]))
    model.load_state_dict(state["weights"])
    return model.eval()
