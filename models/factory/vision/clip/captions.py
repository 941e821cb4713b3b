"""Captions for garments: synonyms of the class names in templates, with or without a word for how bright the garment is."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..images import LABELS

SYNONYMS = {
    "T-shirt/top": ["a t-shirt/top", "a t-shirt", "a tee", "a top", "a tee shirt", "a short-sleeved shirt without buttons"],
    "Trouser": ["a trouser", "trousers", "pants", "a pair of trousers", "a pair of pants", "slacks"],
    "Pullover": ["a pullover", "a sweater", "a jumper", "a sweatshirt", "a knitted pullover"],
    "Dress": ["a dress", "a gown", "a frock", "a summer dress", "a one-piece dress"],
    "Coat": ["a coat", "a jacket", "an overcoat", "a winter coat", "a long coat"],
    "Sandal": ["a sandal", "sandals", "a flip-flop", "an open shoe", "a strappy shoe"],
    "Shirt": ["a shirt", "a blouse", "a button-up shirt", "a dress shirt", "a shirt with a collar"],
    "Sneaker": ["a sneaker", "sneakers", "a trainer", "a running shoe", "a sports shoe"],
    "Bag": ["a bag", "a handbag", "a purse", "a shoulder bag", "a tote bag"],
    "Ankle boot": ["an ankle boot", "a boot", "boots", "a bootie", "a high-heeled boot"],
}
TEMPLATES = [
    "{}",
    "a photo of {}",
    "a photo of {}.",
    "this is a photo of {}.",
    "this is {}",
    "a picture of {}",
    "an image of {}",
    "a product photo of {}",
    "a small grey picture of {}",
    "a catalogue picture that shows {}",
    "{} from a fashion shop",
    "{} to wear",
]
TONES = {"dark": ["dark", "black"], "medium": ["grey", "gray"], "bright": ["bright", "white", "light"]}
# The template of the Hugging Face pipeline, and one that no caption was made with.
PROMPT, UNSEEN_PROMPT = "This is a photo of {}.", "we found {} at the flea market"


@dataclass
class CaptionBook:
    """All captions. `classes` [captions] are numbers of LABELS, `tones` [captions] numbers of TONES or -1 for none said."""

    texts: list[str]
    classes: np.ndarray
    tones: np.ndarray

    def draw(self, classes: np.ndarray, tones: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """For each image a caption that is true of it: its class, and its tone or no word about it."""
        chosen = np.empty(len(classes), np.int64)
        said = np.where(generator.random(len(classes)) < 0.5, tones, -1)
        for pair in set(zip(classes.tolist(), said.tolist())):
            fitting = np.flatnonzero((self.classes == pair[0]) & (self.tones == pair[1]))
            places = np.flatnonzero((classes == pair[0]) & (said == pair[1]))
            chosen[places] = generator.choice(fitting, len(places))
        return chosen

    def describes(self, captions: np.ndarray, classes: np.ndarray, tones: np.ndarray) -> np.ndarray:
        """bool [images, captions]: whether a caption is true of an image."""
        same = self.classes[captions][None] == classes[:, None]
        said = self.tones[captions][None]
        return same & ((said == -1) | (said == tones[:, None]))


def caption_book() -> CaptionBook:
    """Every synonym in every template, with every word for a tone and without; with its article and without."""
    rows = []
    for number, label in enumerate(LABELS):
        for noun in SYNONYMS[label]:
            for tone, words in enumerate([[""], *TONES.values()], start=-1):
                rows += [(text, number, tone) for word in words for text in _phrases(noun, word)]
    texts, classes, tones = zip(*[(template.format(text), c, t) for text, c, t in rows for template in TEMPLATES])
    return CaptionBook(list(texts), np.array(classes), np.array(tones))


def _phrases(noun: str, tone: str) -> list[str]:
    article, _, bare = noun.partition(" ") if noun.split()[0] in ("a", "an") else ("", "", noun)
    if not tone:
        return [noun] if not article else [noun, bare]
    return [f"{tone} {bare}"] if not article else [f"a {tone} {bare}", f"{tone} {bare}"]


def prompts(template: str = PROMPT) -> list[str]:
    """One text for each class name."""
    return [template.format(label.lower()) for label in LABELS]


def tone_of(brightness: Tensor) -> np.ndarray:
    """Numbers of TONES for garment brightnesses from 0 to 255."""
    return np.digitize(brightness.numpy(), (80, 160))
