"""Captions are true of their images; the graph of the two towers says what the towers say."""

import numpy as np
import pytest
import torch

from factory.core.onnx_files import session
from factory.text.encoder import EncoderConfig
from factory.vision.clip.captions import caption_book, prompts
from factory.vision.clip.graph import clip_graph
from factory.vision.clip.towers import PairBatch, TwoTowers, contrastive_loss
from factory.vision.images import LABELS, normalise, pixel_values
from factory.vision.network import ResNet, ResNetConfig


@pytest.fixture
def towers() -> TwoTowers:
    torch.manual_seed(0)
    text = EncoderConfig.uniform(
        1, 2, 64, vocab_size=50, hidden=32, head_dim=16, max_positions=16, labels=8, ngrams=False
    )
    return TwoTowers(ResNet(ResNetConfig(stem=16, channels=(16, 32), blocks=(1, 1), outputs=8)), text).eval()


def test_drawn_captions_are_true():
    book, classes = caption_book(), np.repeat(np.arange(10), 12)
    tones = np.tile(np.arange(3), 40)
    drawn = book.draw(classes, tones, np.random.default_rng(0))
    true = book.describes(drawn, classes, tones)
    assert true.diagonal().all()
    assert 0.05 < true.mean() < 0.1
    assert {-1, 0, 1, 2} == set(book.tones[drawn])


def test_every_prompt_of_a_class_name_is_a_caption_of_it():
    book = caption_book()
    for number, text in enumerate(prompts("a photo of {}")):
        found = [c for c, known in zip(book.classes, book.texts) if known == text]
        assert found and set(found) == {number}, LABELS[number]


def test_graph_equals_towers(towers):
    images = torch.randint(0, 256, (3, 28, 28), dtype=torch.uint8)
    ids, mask = torch.randint(5, 50, (4, 7)), torch.ones(4, 7, dtype=torch.long)
    mask[1, 4:] = 0
    image, text, scale = towers(normalise(images), ids, mask)
    feeds = {"pixel_values": pixel_values(images), "input_ids": ids.numpy(), "attention_mask": mask.numpy()}
    per_image, per_text, text_embeds, image_embeds = session(clip_graph(towers).SerializeToString()).run(None, feeds)
    np.testing.assert_allclose(text_embeds, text.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(image_embeds, image.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(per_image, (scale * image @ text.T).detach().numpy(), atol=1e-3)
    np.testing.assert_allclose(per_image, per_text.T)


def test_loss_counts_every_true_caption():
    def batch(true: torch.Tensor) -> PairBatch:
        return PairBatch(torch.eye(4), torch.zeros(0), torch.zeros(0), true)

    text = torch.eye(4)[[1, 0, 3, 2]]  # the captions of rows 0 and 1, and of 2 and 3, have changed places

    def model(images, *_):
        return images, text, torch.tensor(20.0)

    pairs = torch.block_diag(torch.ones(2, 2), torch.ones(2, 2)).bool()
    assert contrastive_loss(model, batch(pairs)) < contrastive_loss(model, batch(torch.eye(4).bool()))
