"""Images: what is read, how they are changed, and that graphs say what the networks say."""

import gzip

import numpy as np
import onnx
import pytest
import torch

from factory.core.onnx_files import optimised_operators, session
from factory.core.quantization import Recipe, quantise_static, saturation_risk
from factory.vision.augment import Augmentation, augment
from factory.vision.evaluation import worst_difference
from factory.vision.graph import classifier_graph
from factory.vision.images import normalise, pixel_values, read_idx
from factory.vision.network import ResNet, ResNetConfig

CHAINED = ("Conv", "Add", "Relu", "GlobalAveragePool", "Flatten", "Gemm")


def network() -> ResNet:
    """A network whose normalisations have seen something, so that folding them is not a matter of course."""
    torch.manual_seed(0)
    model = ResNet(ResNetConfig(stem=16, channels=(16, 32), blocks=(2, 1), outputs=5))
    with torch.no_grad():
        for _ in range(3):
            model(normalise(pixels(32)))
        for block in model.blocks:
            block.second[1].weight.uniform_(0.5, 1.5)
    return model.eval()


def pixels(rows: int) -> torch.Tensor:
    return torch.randint(0, 256, (rows, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(rows))


def test_reads_idx_and_refuses_others(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x02" + np.array([2, 3], ">i4").tobytes() + bytes(range(6))))
    assert read_idx(path).tolist() == [[0, 1, 2], [3, 4, 5]]
    for content, message in (
        (b"PK\x03\x04", "not an IDX file"),
        (b"\0\0\x08\x01" + np.array([9], ">i4").tobytes(), "holds 0 values"),
    ):
        path.write_bytes(gzip.compress(content))
        with pytest.raises(ValueError, match=message):
            read_idx(path)


def test_augmentation_mirrors_shifts_and_erases():
    images = pixels(8)
    draw = torch.Generator().manual_seed(3)
    assert torch.equal(augment(images, Augmentation(0, 0.0, 0.0), draw), images)
    assert torch.equal(augment(images, Augmentation(0, 1.0, 0.0), draw), images.flip(2))
    shifted = augment(images, Augmentation(2, 0.0, 0.0), draw)
    assert all(
        any(
            torch.equal(row[2:-2, 2:-2], image[2 + y : 26 + y, 2 + x : 26 + x])
            for y in range(-2, 3)
            for x in range(-2, 3)
        )
        for row, image in zip(shifted, images)
    )
    changed = (augment(images, Augmentation(0, 0.0, 1.0, (6, 6)), draw) != images).sum((1, 2))
    assert (changed > 0).all() and (changed <= 49).all()


def test_graph_equals_network():
    model, images = network(), pixels(6)
    found = session(classifier_graph(model).SerializeToString()).run(None, {"pixel_values": pixel_values(images)})[0]
    np.testing.assert_allclose(found, model(normalise(images))[0].detach().numpy(), atol=1e-4)


def test_int8_runs_on_integer_kernels_and_keeps_rows_apart(tmp_path):
    source, target, images = tmp_path / "float.onnx", tmp_path / "int8.onnx", pixels(16)
    onnx.save(classifier_graph(network()), str(source))
    feeds = {"pixel_values": pixel_values(images)}
    quantise_static(source, target, [feeds], Recipe(operators=("Conv", "Gemm"), chained=CHAINED))
    counts = optimised_operators(target)
    assert counts["QLinearConv"] == 8 and counts["QLinearAdd"] == 3
    assert counts["Conv"] == counts["Add"] == 0
    expected, small = session(source).run(None, feeds)[0], session(target)
    assert np.abs(small.run(None, feeds)[0] - expected).max() < 0.15 * np.abs(expected).max()
    assert worst_difference(small, images) < 1e-4


def test_saturation_is_looked_for_in_convolutions(tmp_path):
    source = tmp_path / "float.onnx"
    onnx.save(classifier_graph(network()), str(source))
    for reduce_range, expected in ((False, True), (True, False)):
        target = tmp_path / f"{reduce_range}.onnx"
        recipe = Recipe(operators=("Conv", "Gemm"), chained=CHAINED, reduce_range=reduce_range)
        quantise_static(source, target, [{"pixel_values": pixel_values(pixels(16))}], recipe)
        risks = saturation_risk(onnx.load(str(target)))
        assert len(risks) == 9 and (max(risks.values()) > 0) == expected
