"""What a family of models must know about itself; the steps do the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
import pandas as pd

if TYPE_CHECKING:
    import optuna

    from .context import Context


@dataclass(frozen=True)
class Bar:
    """What a variant must reach against the family's default: times faster at batch 16, accuracy lost in points."""

    speedup: float = 1.0
    points_lost: float = 0.0


@dataclass
class Family:
    """A published model: where its data comes from, which steps make it and what its variants must reach.

    A subclass implements the hooks of the steps that it lists; a step that is not listed needs no hook.
    `plan` holds the parameters of each step by its name; changing one makes the step, and those after it, run again.
    """

    name: str
    data: dict[str, str]
    steps: list[str]
    plan: dict[str, dict]
    bars: dict[str, Bar]
    version: int = 1
    task: str = "text-classification"
    seed: int = 7
    accuracy_floor: float = 0.0
    unshipped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def read(self, context: Context) -> pd.DataFrame:
        """`clean`: all rows, with the columns key (what makes a row the same as another), label and split."""
        raise NotImplementedError

    def suspects(self, context: Context, table: pd.DataFrame) -> pd.DataFrame:
        """`clean`: out-of-fold opinions on training rows: the columns suggested (a label) and confidence, by row index."""
        raise NotImplementedError

    def search_space(self, trial: optuna.Trial) -> dict:
        """`tune`: one point of the search space."""
        raise NotImplementedError

    def trial(self, context: Context, parameters: dict, trial: optuna.Trial) -> float:
        """`tune`: accuracy on the held-out part of train; reports after each epoch and may be pruned."""
        raise NotImplementedError

    def train(self, context: Context, options: dict) -> dict:
        """`train`: makes the variant default; returns figures for the record."""
        raise NotImplementedError

    def distill(self, context: Context, options: dict) -> dict:
        """`distill`: makes the variant distilled."""
        raise NotImplementedError

    def prune(self, context: Context, options: dict) -> dict:
        """`prune`: makes the variant pruned."""
        raise NotImplementedError

    def calibration(self, context: Context, count: int) -> list[dict[str, np.ndarray]]:
        """`quantize`: `count` training rows as feeds."""
        raise NotImplementedError

    def fidelity(self, context: Context, session: ort.InferenceSession) -> np.ndarray:
        """`quantize`: outputs [rows, classes] on the held-out part of train, to compare a variant with its source."""
        raise NotImplementedError

    def evaluate(self, context: Context, session: ort.InferenceSession) -> dict:
        """`evaluate`: figures on the reporting split, `accuracy` among them."""
        raise NotImplementedError

    def invariance(self, context: Context, session: ort.InferenceSession) -> float:
        """`evaluate`: how much an answer changes with the rows beside it or with padding (largest difference)."""
        raise NotImplementedError

    def latency_feeds(self, context: Context, batch: int) -> tuple[dict[str, np.ndarray], dict]:
        """`evaluate`: feeds of `batch` rows and what to say about them, e.g. {"sequence": 32}."""
        raise NotImplementedError

    def companions(self, context: Context) -> dict[str, object]:
        """`publish`: the files beside the variants, by name (text, or a value for JSON)."""
        raise NotImplementedError
