"""Figures of a two-tower ONNX file: classes found by their names alone, tones, and whether rows stay apart."""

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from ...core.metrics import softmax
from ...text.batches import pad
from ..evaluation import evaluate_logits
from ..images import LABELS, ImageSet, garment_brightness, pixel_values
from .captions import TONES, UNSEEN_PROMPT, prompts, tone_of


def text_feeds(tokenizer: Tokenizer, texts: list[str], extra_padding: int = 0) -> dict[str, np.ndarray]:
    """`input_ids` and `attention_mask` [texts, longest + extra_padding]."""
    ids, mask = (np.pad(part.numpy(), ((0, 0), (0, extra_padding))) for part in pad([tokenizer.encode(text).ids for text in texts]))
    return {"input_ids": ids, "attention_mask": mask}


def run_scores(session: ort.InferenceSession, images: ImageSet, texts: dict[str, np.ndarray], size: int = 64) -> np.ndarray:
    """`logits_per_image` [images, texts]."""
    parts = []
    for start in range(0, len(images), size):
        pixels = pixel_values(images.pixels[start : start + size])
        parts.append(session.run(["logits_per_image"], {"pixel_values": pixels, **texts})[0])
    return np.concatenate(parts)


def evaluate_towers(session: ort.InferenceSession, tokenizer: Tokenizer, images: ImageSet, sample: str) -> dict:
    """Zero-shot accuracy and its company over the class names in the Hugging Face template; accuracy in a template that no
    caption had; and how often the right one of the three tones of the true class scores highest."""
    figures = evaluate_logits(run_scores(session, images, text_feeds(tokenizer, prompts())), images, sample)
    truth = images.targets.numpy()
    unseen = run_scores(session, images, text_feeds(tokenizer, prompts(UNSEEN_PROMPT)))
    toned = [f"a photo of a {tone} {label.lower()}" for label in LABELS for tone in ("dark", "grey", "bright")]
    scores = run_scores(session, images, text_feeds(tokenizer, toned)).reshape(len(images), len(LABELS), len(TONES))
    found = scores[np.arange(len(truth)), truth].argmax(1)
    figures["unseen_template_accuracy"] = round(float((unseen.argmax(1) == truth).mean()), 4)
    figures["tone_accuracy"] = round(float((found == tone_of(garment_brightness(images.pixels))).mean()), 4)
    return figures


def worst_difference(session: ort.InferenceSession, tokenizer: Tokenizer, images: ImageSet) -> float:
    """Largest absolute change of a class's probability or of an embedding's entry between an image or a text run alone, in
    a batch, beside extreme neighbours, and with more padding."""
    values, texts = pixel_values(images.pixels), prompts()
    names = ["text_embeds", "image_embeds", "logits_per_image"]

    def run(pixels: np.ndarray, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        text, image, logits = session.run(names, {"pixel_values": pixels, **feeds})
        return [text, image, softmax(logits)]

    together = run(values, text_feeds(tokenizer, texts))
    padded = run(values, text_feeds(tokenizer, texts, 6))
    gaps = [np.abs(a - b).max() for a, b in zip(together, padded)]
    for row in range(len(values)):
        _, image, scores = run(values[row : row + 1], text_feeds(tokenizer, texts))
        gaps += [np.abs(image - together[1][row]).max(), np.abs(scores - together[2][row]).max()]
    for number, text in enumerate(texts):
        gaps.append(np.abs(run(values[:1], text_feeds(tokenizer, [text]))[0] - together[0][number]).max())
    crowd = run(np.concatenate([values[:1], 100 * values[1:]]), text_feeds(tokenizer, texts))
    gaps.append(np.abs(crowd[1][0] - together[1][0]).max())
    return float(max(gaps))
