"""Counting the same n-grams in scikit-learn that the exported graph counts, and choosing the ones worth keeping."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from .ngram_graph import WORD, NgramSet

START, END = "\x02", "\x03"  # what the runtime's Tokenizer marks a text's ends with


def word_units(text: str) -> list[str]:
    """Lower-cased words, as the graph splits them."""
    return re.findall(WORD, text.lower())


def character_units(text: str) -> list[str]:
    """Lower-cased characters between the end marks, as the graph splits them."""
    return [START, *text.lower(), END]


@dataclass
class NgramCounter:
    """A fitted counter of one kind of unit; `keep` selects columns."""

    units: Callable[[str], list[str]]
    lengths: tuple[int, int]
    keep: np.ndarray | None = None

    def fit(self, texts: list[str]) -> "NgramCounter":
        """Learns the n-grams that occur in at least two texts, and their inverse document frequencies."""
        self.vectorizer = CountVectorizer(analyzer=self._ngrams, min_df=2)
        counts = self.vectorizer.fit_transform(texts)
        documents = np.asarray((counts > 0).sum(0))[0]
        self.idf = np.log((1 + len(texts)) / (1 + documents)) + 1
        return self

    def transform(self, texts: list[str]) -> csr_matrix:
        """Damped, weighted, unit-length rows [texts, kept n-grams]."""
        counts = self.vectorizer.transform(texts).astype(np.float64)
        counts.data = 1 + np.log(counts.data)
        weighted = counts.multiply(self.idf).tocsr()
        if self.keep is not None:
            weighted = weighted[:, self.keep]
        return normalize(weighted)

    @property
    def kept_idf(self) -> np.ndarray:
        """Inverse document frequencies of the kept n-grams."""
        return self.idf if self.keep is None else self.idf[self.keep]

    def ngram_set(self) -> NgramSet:
        """The kept n-grams over unit ids, in column order."""
        names = self.vectorizer.get_feature_names_out()
        ngrams = [tuple(name.split("\x00")) for name in (names if self.keep is None else names[self.keep])]
        units = sorted({unit for ngram in ngrams for unit in ngram})
        index = {unit: position for position, unit in enumerate(units)}
        return NgramSet(units, [tuple(index[unit] for unit in ngram) for ngram in ngrams])

    def _ngrams(self, text: str) -> list[str]:
        units, (low, high) = self.units(text), self.lengths
        return ["\x00".join(units[i : i + n]) for n in range(low, high + 1) for i in range(len(units) - n + 1)]


def features(counters: list[NgramCounter], texts: list[str]) -> csr_matrix:
    """All kinds side by side."""
    return hstack([counter.transform(texts) for counter in counters]).tocsr()


def keep_best(counters: list[NgramCounter], weights: np.ndarray, count: int) -> None:
    """Restricts the counters to the `count` n-grams with the largest weight norms; `weights` is [classes, n-grams]."""
    norms = np.linalg.norm(weights, axis=0)
    chosen = np.zeros(len(norms), bool)
    chosen[np.argsort(-norms)[:count]] = True
    start = 0
    for counter in counters:
        stop = start + len(counter.idf)
        counter.keep = np.flatnonzero(chosen[start:stop])
        start = stop
