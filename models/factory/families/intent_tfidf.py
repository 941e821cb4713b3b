"""`intent-tfidf`: the linear baseline of `intent`; strings in, labels out, in one ONNX graph."""

import logging

import numpy as np
import onnxruntime as ort
import pandas as pd
from sklearn.svm import LinearSVC

from ..core.context import Context
from ..core.family import Family
from ..core.metrics import softmax
from ..core.onnx_files import store_half
from ..core.variants import Variant, save_variant
from ..text.corpora import OUT_OF_SCOPE, label_names
from ..text.evaluation import evaluate_logits, vocabulary
from ..text.family import TextFamily
from ..text.ngram_features import NgramCounter, character_units, features, keep_best, word_units
from ..text.ngram_graph import linear_graph
from .intent import INTENT

log = logging.getLogger("factory")


class IntentTfidf(Family):
    """Word 1-2-grams and character 2-5-grams, one-against-rest support vector machine (LIBLINEAR)."""

    def read(self, context: Context) -> pd.DataFrame:
        return INTENT.read(context)

    def suspects(self, context: Context, table: pd.DataFrame) -> pd.DataFrame:
        return TextFamily.suspects(self, context, table)

    def train(self, context: Context, options: dict) -> dict:
        table, labels = self._table(context)
        plan = self.plan["train"]
        held = table[table["split"] == "select"]
        sharpness, on_select = self._sharpness(
            table[table["split"] == "train"], held[held["label"] != OUT_OF_SCOPE], labels
        )
        learning = table[table["split"].isin(["train", "select"])]
        counters, machine = self._fit(learning, labels, plan["features"])
        idf = np.concatenate([counter.kept_idf for counter in counters])
        model = linear_graph(
            *(c.ngram_set() for c in counters), idf, machine.coef_.T, machine.intercept_, sharpness, labels
        )
        line = f"train: TF-IDF of word 1-2-grams and character 2-5-grams, {plan['features']} kept, linear SVM"
        save_variant(context, Variant("default", "fp32", ["clean", line], self.seed), store_half(model))
        return {"held_out_accuracy": on_select, "sharpness": sharpness, "features": int(len(idf))}

    def _fit(self, rows: pd.DataFrame, labels: list[str], count: int) -> tuple[list[NgramCounter], LinearSVC]:
        texts, targets = list(rows["key"]), rows["label"].map({name: i for i, name in enumerate(labels)}).to_numpy()
        counters = [NgramCounter(word_units, (1, 2)).fit(texts), NgramCounter(character_units, (2, 5)).fit(texts)]
        for kept in (None, count):
            machine = LinearSVC(C=1.0, random_state=self.seed).fit(features(counters, texts), targets)
            if kept is None:
                keep_best(counters, machine.coef_, count)
        return counters, machine

    def _sharpness(self, rows: pd.DataFrame, held: pd.DataFrame, labels: list[str]) -> tuple[float, float]:
        """The factor on margins with the least log loss on held-out rows, and the accuracy there."""
        counters, machine = self._fit(rows, labels, self.plan["train"]["features"])
        margins = machine.decision_function(features(counters, list(held["key"])))
        truth = held["label"].map({name: i for i, name in enumerate(labels)}).to_numpy()
        losses = {
            s: -np.log(softmax(margins * s)[np.arange(len(truth)), truth] + 1e-12).mean()
            for s in (2, 3, 4, 5, 6, 8, 10)
        }
        return float(min(losses, key=losses.get)), float((margins.argmax(1) == truth).mean())

    def _table(self, context: Context) -> tuple[pd.DataFrame, list[str]]:
        table = pd.read_csv(context.work / "clean.csv", dtype=str, keep_default_na=False)
        return table, label_names(table["label"])

    def evaluate(self, context: Context, session: ort.InferenceSession) -> dict:
        table, labels = self._table(context)
        learning, reporting = table[table["split"] != "validation"], table[table["split"] == "validation"]
        texts = np.array(list(reporting["key"]), object)
        parts = [session.run(["probabilities"], {"text": texts[i : i + 64]})[0] for i in range(0, len(texts), 64)]
        scores = np.log(np.concatenate(parts) + 1e-12)
        rows = reporting.rename(columns={"key": "text"}).reset_index(drop=True)
        return evaluate_logits(scores, rows, labels, vocabulary(learning["key"]), "validation, in scope")

    def invariance(self, context: Context, session: ort.InferenceSession) -> float:
        table, _ = self._table(context)
        texts = np.array(list(table["key"].iloc[:96]), object)
        together = session.run(["probabilities"], {"text": texts})[0]
        alone = np.concatenate(
            [session.run(["probabilities"], {"text": texts[i : i + 1]})[0] for i in range(len(texts))]
        )
        return float(np.abs(together - alone).max())

    def latency_feeds(self, context: Context, batch: int) -> tuple[dict[str, np.ndarray], dict]:
        table, _ = self._table(context)
        return {"text": np.array(list(table["key"].iloc[:batch]), object)}, {"sequence": None}

    def companions(self, context: Context) -> dict[str, object]:
        _, labels = self._table(context)
        id2label = {str(index): name for index, name in enumerate(labels)}
        return {
            "config.json": {
                "model_type": "tfidf-linear",
                "id2label": id2label,
                "label2id": {name: int(i) for i, name in id2label.items()},
            }
        }


INTENT_TFIDF = IntentTfidf(
    name="intent-tfidf",
    data=INTENT.data,
    steps=["clean", "train", "evaluate", "gate", "publish"],
    accuracy_floor=0.9,
    bars={},
    plan={"clean": INTENT.plan["clean"], "train": {"features": 18000}},
)
