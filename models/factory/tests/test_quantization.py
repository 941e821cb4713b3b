"""Quantised graphs stay close, stay fused and keep rows apart."""

import numpy as np
import onnx
import pytest
import torch

from factory.core.onnx_files import optimised_operators, session
from factory.core.per_token import quantise_per_token
from factory.core.quantization import Recipe, quantise_static, quantise_table, saturation_risk
from factory.text.batches import pad
from factory.text.encoder import Encoder, EncoderConfig
from factory.text.graph import encoder_graph
from factory.text.invariance import worst_difference

ROWS = [[2, *map(int, np.random.default_rng(n).integers(5, 60, n)), 3] for n in (3, 5, 9, 14)]


@pytest.fixture
def graph() -> onnx.ModelProto:
    torch.manual_seed(0)
    config = EncoderConfig.uniform(1, 2, 128, vocab_size=60, hidden=64, head_dim=32, labels=9, ngrams=False)
    return encoder_graph(Encoder(config).eval())


def feeds() -> dict[str, np.ndarray]:
    input_ids, mask = pad(ROWS)
    return {"input_ids": input_ids.numpy(), "attention_mask": mask.numpy()}


def test_static_int8_is_fused_and_close(graph, tmp_path):
    source, target = tmp_path / "source.onnx", tmp_path / "int8.onnx"
    onnx.save(graph, str(source))
    quantise_static(source, target, [feeds()], Recipe(skip=("scores",)))
    counts = optimised_operators(target)
    assert counts["MatMulIntegerToFloat"] == 6
    assert counts["MatMulNBits"] == 0
    expected, found = (session(path).run(None, feeds())[0] for path in (source, target))
    assert np.abs(expected - found).max() < 0.1 * expected.std() + 0.02
    assert worst_difference(session(target), ROWS) < 1e-4


def test_per_token_int8_is_close_and_keeps_rows_apart(graph):
    expected = session(graph.SerializeToString()).run(None, feeds())[0]
    small = session(quantise_per_token(graph, ("scores",)).SerializeToString())
    assert np.abs(small.run(None, feeds())[0] - expected).max() < 0.05
    assert worst_difference(small, ROWS) < 1e-4


def test_quantised_table_is_close(graph):
    expected = session(graph.SerializeToString()).run(None, feeds())[0]
    found = session(quantise_table(graph, "tokens").SerializeToString()).run(None, feeds())[0]
    assert np.abs(found - expected).max() < 0.05


def test_reduced_range_cannot_saturate(graph, tmp_path):
    source = tmp_path / "source.onnx"
    onnx.save(graph, str(source))
    for reduce_range, expected in ((False, True), (True, False)):
        target = tmp_path / f"int8_{reduce_range}.onnx"
        quantise_static(source, target, [feeds()], Recipe(skip=("scores",), reduce_range=reduce_range))
        assert (max(saturation_risk(onnx.load(str(target))).values()) > 0) == expected
