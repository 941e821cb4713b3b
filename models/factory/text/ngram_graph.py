"""TF-IDF of word and character n-grams with a linear classifier, as an ONNX graph that takes strings.

Splitting is `com.microsoft.Tokenizer`, case folding is a table look-up (`LabelEncoder` knows each word in lower, title
and upper case): `StringNormalizer` would need a locale that slim images lack.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from .graph import MICROSOFT, GraphWriter

WORD = r"[A-Za-z0-9']+"
MISSING = -1


@dataclass
class NgramSet:
    """N-grams over unit ids of one kind (words or characters): the units, and the chosen n-grams as tuples of ids."""

    units: list[str]
    ngrams: list[tuple[int, ...]]


def linear_graph(
    words: NgramSet,
    characters: NgramSet,
    idf: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    sharpness: float,
    labels: list[str],
) -> onnx.ModelProto:
    """`text` string [batch] -> `label` string [batch], `probabilities` float [batch, labels].

    `idf` [features] and `weights` [features, labels] follow the n-grams of `words`, then those of `characters`.
    Term frequencies are damped (1 + log tf) and each of the two kinds is scaled to unit length, as in training.
    """
    write = GraphWriter()
    write.node("Tokenizer", ["text"], "words", MICROSOFT, mark=0, mincharnum=1, pad_value="", tokenexp=WORD)
    write.node("Tokenizer", ["text"], "characters", MICROSOFT, mark=1, mincharnum=1, pad_value="", separators=[""])
    split = len(words.ngrams)
    parts = [
        _kind(write, "words", words, idf[:split], _word_table(words.units)),
        _kind(write, "characters", characters, idf[split:], _character_table(characters.units)),
    ]
    write.node("Concat", parts, "features", axis=1)
    write.constant("weights", weights.astype(np.float32))
    write.node("MatMul", ["features", "weights"], "products")
    write.node("Add", ["products", write.constant("bias", bias.astype(np.float32))], "margins")
    write.node("Mul", ["margins", write.constant("sharpness", np.array(sharpness, np.float32))], "scores")
    write.node("Softmax", ["scores"], "probabilities", axis=1)
    write.node("ArgMax", ["margins"], "class", axis=1, keepdims=0)
    table = {"keys_int64s": list(range(len(labels))), "values_strings": labels, "default_string": ""}
    write.node("LabelEncoder", ["class"], "label", "ai.onnx.ml", **table)
    graph = helper.make_graph(
        write.nodes,
        "ngrams",
        [helper.make_tensor_value_info("text", TensorProto.STRING, ["batch"])],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["batch"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", len(labels)]),
        ],
        write.constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="sluice-factory")
    onnx.checker.check_model(model)
    return model


def _kind(write: GraphWriter, name: str, units: NgramSet, idf: np.ndarray, table: dict[str, int]) -> str:
    keys = {"keys_strings": list(table), "values_int64s": list(table.values()), "default_int64": MISSING}
    write.node("LabelEncoder", [name], f"{name}.ids", "ai.onnx.ml", **keys)
    order, pool, starts = _pool(units.ngrams)
    longest = max(map(len, units.ngrams))
    write.node(
        "TfIdfVectorizer",
        [f"{name}.ids"],
        f"{name}.counts",
        mode="TF",
        min_gram_length=min(map(len, units.ngrams)),
        max_gram_length=longest,
        max_skip_count=0,
        ngram_counts=starts,
        ngram_indexes=order,
        pool_int64s=pool,
    )
    one, zero = (
        write.constant(f"{name}.one", np.array(1.0, np.float32)),
        write.constant(f"{name}.none", np.array(0.0, np.float32)),
    )
    write.node("Max", [f"{name}.counts", one], f"{name}.floored")
    write.node("Log", [f"{name}.floored"], f"{name}.log")
    write.node("Min", [f"{name}.counts", one], f"{name}.present")
    write.node("Add", [f"{name}.log", f"{name}.present"], f"{name}.damped")
    write.node("Mul", [f"{name}.damped", write.constant(f"{name}.idf", idf.astype(np.float32))], f"{name}.weighted")
    write.node("ReduceL2", [f"{name}.weighted"], f"{name}.length", axes=[1], keepdims=1)
    tiny = write.constant(f"{name}.tiny", np.array(1e-9, np.float32))
    write.node("Max", [f"{name}.length", tiny, zero], f"{name}.divisor")
    return write.node("Div", [f"{name}.weighted", f"{name}.divisor"], f"{name}.unit")


def _pool(ngrams: list[tuple[int, ...]]) -> tuple[list[int], list[int], list[int]]:
    """The pool that TfIdfVectorizer reads: n-grams grouped by length, output column of each, start of each length."""
    order, pool, starts = [], [], []
    for length in range(1, max(map(len, ngrams)) + 1):
        starts.append(len(pool))
        for column, ngram in enumerate(ngrams):
            if len(ngram) == length:
                order.append(column)
                pool.extend(ngram)
    return order, pool, starts


def _word_table(units: list[str]) -> dict[str, int]:
    table: dict[str, int] = {}
    for index, unit in enumerate(units):
        for form in (unit, unit.capitalize(), unit.upper()):
            table.setdefault(form, index)
    return table


def _character_table(units: list[str]) -> dict[str, int]:
    table: dict[str, int] = {}
    for index, unit in enumerate(units):
        for form in (unit, unit.upper()):
            table.setdefault(form, index)
    return table
