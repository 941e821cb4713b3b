"""What a classifier's answers are worth: accuracy with its interval, macro F1, calibration, recalls, slices."""

import numpy as np
from sklearn.metrics import f1_score, recall_score


def wilson(correct: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    share, scale = correct / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    return float(centre - half), float(centre + half)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Row-wise probabilities."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error: |confidence - accuracy| over equal-width bins (Guo et al. 2017)."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[which == b].mean() - right[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def classification(
    probabilities: np.ndarray, truth: np.ndarray, labels: list[str], slices: dict[str, np.ndarray]
) -> dict:
    """The figures of one variant on one sample; `slices` maps a name to a boolean row mask. Shares are fractions."""
    chosen = probabilities.argmax(1)
    right = chosen == truth
    present = np.unique(truth)
    recalls = recall_score(truth, chosen, labels=present, average=None, zero_division=0)
    return {
        "n": int(len(truth)),
        "accuracy": _round(right.mean()),
        "ci95": [_round(edge) for edge in wilson(int(right.sum()), len(truth))],
        "macro_f1": _round(f1_score(truth, chosen, labels=present, average="macro", zero_division=0)),
        "ece": _round(calibration_error(probabilities, truth)),
        "per_class_recall": {labels[index]: _round(recall) for index, recall in zip(present, recalls)},
        "slices": {
            name: {"n": int(rows.sum()), "accuracy": _round(right[rows].mean()) if rows.any() else None}
            for name, rows in slices.items()
        },
    }


def worst_confusions(probabilities: np.ndarray, truth: np.ndarray, labels: list[str], count: int = 20) -> list[dict]:
    """The most frequent (true, predicted) pairs that differ, most frequent first."""
    chosen = probabilities.argmax(1)
    wrong = chosen != truth
    pairs, counts = np.unique(np.stack([truth[wrong], chosen[wrong]], 1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:count]
    return [{"true": labels[pairs[i, 0]], "predicted": labels[pairs[i, 1]], "count": int(counts[i])} for i in order]


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Two-sided exact p-value that two classifiers err alike on the same rows (McNemar 1947)."""
    from scipy.stats import binomtest

    only_first, only_second = int((first_right & ~second_right).sum()), int((~first_right & second_right).sum())
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)


def _round(value: float) -> float:
    return round(float(value), 4)
