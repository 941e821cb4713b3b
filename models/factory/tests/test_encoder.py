"""The exported encoder says what the trained one says, alone, in company and padded."""

import numpy as np
import onnx
import pytest
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

from factory.core.distributed import Process
from factory.core.onnx_files import restore_float, session, store_half
from factory.text.batches import pad
from factory.text.encoder import Encoder, EncoderConfig
from factory.text.graph import encoder_graph
from factory.text.invariance import worst_difference
from factory.text.pruning import importance, prune
from factory.text.token_table import TokenTable, piece_ngrams

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"word{i}" for i in range(45)]
ALONE = Process(0, 1, torch.device("cpu"))


@pytest.fixture
def model() -> Encoder:
    torch.manual_seed(0)
    config = EncoderConfig.uniform(2, 3, 96, vocab_size=len(PIECES), hidden=64, head_dim=32, labels=7)
    return Encoder(config, PIECES).eval()


@pytest.fixture
def rows() -> list[list[int]]:
    generator = np.random.default_rng(0)
    return [[2, *map(int, generator.integers(5, len(PIECES), n)), 3] for n in (1, 4, 9, 17, 2, 30)]


def test_graph_agrees_with_torch(model, rows):
    input_ids, mask = pad(rows)
    with torch.no_grad():
        expected = model(input_ids, mask)[0].numpy()
    feeds = {"input_ids": input_ids.numpy(), "attention_mask": mask.numpy()}
    found = session(encoder_graph(model).SerializeToString()).run(None, feeds)[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_answers_do_not_depend_on_neighbours_or_padding(model, rows):
    assert worst_difference(session(encoder_graph(model).SerializeToString()), rows) < 1e-5


def test_half_storage_is_undone(model):
    whole = encoder_graph(model)
    names = {tensor.name for tensor in whole.graph.initializer}
    halved = store_half(onnx.ModelProto.FromString(whole.SerializeToString()), smallest=16)
    assert halved.ByteSize() < 0.7 * whole.ByteSize()
    assert {tensor.name for tensor in restore_float(halved).graph.initializer} == names


def test_too_long_a_sequence_is_an_error(model):
    feeds = {name: np.ones((1, 129), np.int64) for name in ("input_ids", "attention_mask")}
    with pytest.raises((Fail, InvalidArgument, RuntimeException)):
        session(encoder_graph(model).SerializeToString()).run(None, feeds)


def test_folded_table_equals_what_training_used():
    table = TokenTable(len(PIECES), 8, PIECES)
    ids = torch.randint(0, len(PIECES), (3, 5))
    assert torch.allclose(table(ids), table.fold()[ids], atol=1e-6)


def test_ngrams_mark_word_starts_only():
    assert piece_ngrams("abc", 3, 3) == ["<ab", "abc"]
    assert piece_ngrams("##abc", 3, 3) == ["abc"]
    assert piece_ngrams("[CLS]") == []


def test_pruning_keeps_the_important_units(model, rows):
    soft = torch.full((len(rows), 7), 1 / 7)
    heads, columns = importance(model, rows, soft, ALONE, 0)
    smaller = prune(model, heads, columns, 2, 32, PIECES)
    assert [layer.heads for layer in smaller.layers] == [2, 2]
    best = int(columns[0].argmax())
    kept = torch.sort(columns[0].topk(32).indices).values
    assert torch.equal(smaller.layers[0].up.weight, model.layers[0].up.weight[kept]) and best in kept
    assert worst_difference(session(encoder_graph(smaller).SerializeToString()), rows) < 1e-5
