"""The linear rival: TF-IDF of word and character n-grams with a support vector machine, by scikit-learn."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC

from ..core.metrics import softmax


def linear_model(seed: int) -> Pipeline:
    """Word 1-2-grams and character 2-4-grams inside word borders, one-against-rest hinge loss."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]")
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    return make_pipeline(make_union(words, characters), LinearSVC(C=1.0, random_state=seed))


def margins_to_probabilities(margins: np.ndarray, sharpness: float = 4.0) -> np.ndarray:
    """Softmax of scaled margins. The scale makes them about as confident as the encoders they are averaged with."""
    return softmax(margins * sharpness)


def cross_validated(texts: list[str], labels: np.ndarray, seed: int, folds: int = 5) -> np.ndarray:
    """Out-of-fold probabilities [rows, classes] of the training rows."""
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed)
    margins = cross_val_predict(linear_model(seed), texts, labels, cv=splits, method="decision_function")
    return margins_to_probabilities(margins)
