"""Figures of one text classifier's ONNX file on one split."""

import numpy as np
import onnxruntime as ort
import pandas as pd

from ..core.metrics import classification, softmax, worst_confusions
from .batches import pad
from .corpora import OUT_OF_SCOPE


def run_logits(session: ort.InferenceSession, ids: list[list[int]], size: int = 64) -> np.ndarray:
    """Logits [rows, labels] of token id rows, in the rows' order."""
    order = np.argsort([len(row) for row in ids], kind="stable")
    result: np.ndarray | None = None
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        input_ids, mask = pad([ids[row] for row in rows])
        logits = session.run(["logits"], {"input_ids": input_ids.numpy(), "attention_mask": mask.numpy()})[0]
        result = np.zeros((len(ids), logits.shape[1]), np.float32) if result is None else result
        result[rows] = logits
    if result is None:
        raise ValueError("no rows to run")
    return result


def evaluate_logits(
    logits: np.ndarray, table: pd.DataFrame, labels: list[str], known_words: set[str], sample: str
) -> dict:
    """Accuracy and its company over the rows of `table` (columns text, label) that are in scope.

    Where the corpus has an out-of-scope class, its recall and its false alarms (share of in-scope rows called out of
    scope) stand beside. The answer is the arg max over all classes: no threshold was tuned.
    """
    index = {name: position for position, name in enumerate(labels)}
    truth = table["label"].map(index).to_numpy()
    scope = (table["label"] != OUT_OF_SCOPE).to_numpy()
    probabilities = softmax(logits)
    inside = table[scope]
    result = {"sample": sample} | classification(
        probabilities[scope], truth[scope], labels, text_slices(inside["text"], known_words)
    )
    if not scope.all():
        outside = index[OUT_OF_SCOPE]
        chosen = probabilities.argmax(1)
        result["oos_n"] = int((~scope).sum())
        result["oos_recall"] = round(float((chosen[~scope] == outside).mean()), 4)
        result["oos_false_alarm"] = round(float((chosen[scope] == outside).mean()), 4)
    result["worst_confusions"] = worst_confusions(probabilities[scope], truth[scope], labels)
    return result


def text_slices(texts: pd.Series, known_words: set[str]) -> dict[str, np.ndarray]:
    """Row masks by length in words, by digits, and by words that training never saw."""
    words = texts.str.lower().str.findall(r"\w+")
    length = words.str.len().to_numpy()
    unseen = words.map(lambda row: any(word not in known_words for word in row)).to_numpy(dtype=bool)
    return {
        "length<=4": length <= 4,
        "length 5-8": (length > 4) & (length <= 8),
        "length 9-12": (length > 8) & (length <= 12),
        "length>12": length > 12,
        "has a digit": texts.str.contains(r"\d").to_numpy(),
        "has an unseen word": unseen,
    }


def vocabulary(texts: pd.Series) -> set[str]:
    """Lower-cased words of a corpus."""
    return {word for row in texts.str.lower().str.findall(r"\w+") for word in row}
