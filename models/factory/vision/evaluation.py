"""Figures of one image classifier's ONNX file, and whether its rows stay apart."""

import numpy as np
import onnxruntime as ort
from torch import Tensor

from ..core.metrics import classification, softmax, worst_confusions
from .images import LABELS, ImageSet, garment_brightness, pixel_values


def run_logits(session: ort.InferenceSession, pixels: Tensor, size: int = 64) -> np.ndarray:
    """Logits [rows, classes] for uint8 [rows, 28, 28]."""
    parts = [session.run(["logits"], {"pixel_values": pixel_values(pixels[i : i + size])})[0] for i in range(0, len(pixels), size)]
    return np.concatenate(parts)


def evaluate_logits(logits: np.ndarray, images: ImageSet, sample: str) -> dict:
    """Accuracy and its company over all rows."""
    probabilities, truth = softmax(logits), images.targets.numpy()
    figures = classification(probabilities, truth, LABELS, image_slices(images.pixels))
    return {"sample": sample} | figures | {"worst_confusions": worst_confusions(probabilities, truth, LABELS)}


def image_slices(pixels: Tensor) -> dict[str, np.ndarray]:
    """Row masks by the mean brightness of the garment (of its own pixels, 0 to 255) and by the share of the picture it fills."""
    filled = (pixels > 0).float().mean((1, 2)).numpy()
    brightness = garment_brightness(pixels).numpy()
    return {
        "dark garment": brightness < 80,
        "medium garment": (brightness >= 80) & (brightness < 160),
        "bright garment": brightness >= 160,
        "fills under a third": filled < 1 / 3,
        "fills a third to two": (filled >= 1 / 3) & (filled < 2 / 3),
        "fills over two thirds": filled >= 2 / 3,
    }


def worst_difference(session: ort.InferenceSession, pixels: Tensor) -> float:
    """Largest absolute difference of a logit between a row run alone, in a batch of all, and beside extreme neighbours."""
    values = pixel_values(pixels)
    together = session.run(["logits"], {"pixel_values": values})[0]
    alone = np.concatenate([session.run(["logits"], {"pixel_values": row[None]})[0] for row in values])
    crowd = np.concatenate([values[:1], 100 * values[1:]])
    beside = session.run(["logits"], {"pixel_values": crowd})[0][0]
    return float(max(np.abs(together - alone).max(), np.abs(beside - alone[0]).max()))
