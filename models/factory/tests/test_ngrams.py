"""The string graph counts the n-grams that scikit-learn counted."""

import numpy as np
from sklearn.svm import LinearSVC

from factory.core.metrics import softmax
from factory.core.onnx_files import session
from factory.text.ngram_features import NgramCounter, character_units, features, keep_best, word_units
from factory.text.ngram_graph import linear_graph

TEXTS = [
    "pay my bill",
    "please pay the bill now",
    "play my song",
    "play that song again",
    "what's the time",
    "tell me the time",
]
TARGETS = np.array([0, 0, 1, 1, 2, 2])


def test_graph_agrees_with_scikit_learn():
    counters = [NgramCounter(word_units, (1, 2)).fit(TEXTS), NgramCounter(character_units, (2, 4)).fit(TEXTS)]
    keep_best(counters, LinearSVC().fit(features(counters, TEXTS), TARGETS).coef_, 60)
    machine = LinearSVC().fit(features(counters, TEXTS), TARGETS)
    idf = np.concatenate([counter.kept_idf for counter in counters])
    sets = [counter.ngram_set() for counter in counters]
    model = linear_graph(*sets, idf, machine.coef_.T, machine.intercept_, 3.0, ["pay", "play", "time"])
    asked = [*TEXTS, "Pay the song", "", "WHAT'S the bill, again?"]
    label, probabilities = session(model.SerializeToString()).run(None, {"text": np.array(asked, object)})
    expected = softmax(3.0 * machine.decision_function(features(counters, asked)))
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert list(label[:6]) == ["pay", "pay", "play", "play", "time", "time"]
