"""The two towers and their loss."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...core.loop import Batches
from ...text.batches import pad
from ...text.encoder import Encoder, EncoderConfig
from ..batches import ImageBatches
from ..images import garment_brightness
from ..network import ResNet
from .captions import CaptionBook, tone_of


class TwoTowers(nn.Module):
    """Image and text embeddings of unit length [rows, width], and the factor on their cosines (Radford et al. 2021)."""

    def __init__(self, image: ResNet, text: EncoderConfig):
        super().__init__()
        self.image, self.text = image, Encoder(text)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())

    def forward(self, images: Tensor, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        image, _ = self.image(images)
        text, _ = self.text(input_ids, attention_mask)
        return F.normalize(image.float(), dim=-1), F.normalize(text.float(), dim=-1), self.log_scale.exp().clamp(max=100)


@dataclass
class PairBatch:
    """Images [rows, 1, 28, 28], one caption for each, and which captions are true of which images (bool [rows, rows])."""

    images: Tensor
    input_ids: Tensor
    attention_mask: Tensor
    true: Tensor


class PairBatches(Batches):
    """The batches of an `ImageBatches`, with a caption drawn anew for every image and epoch."""

    def __init__(self, images: ImageBatches, book: CaptionBook, ids: list[list[int]]):
        self.images, self.book, self.ids = images, book, ids
        self.tones = tone_of(garment_brightness(images.set.pixels))

    def __len__(self) -> int:
        return len(self.images)

    def epoch(self, number: int) -> Iterator[PairBatch]:
        generator = np.random.default_rng([self.images.seed, number])
        for batch in self.images.epoch(number):
            classes, tones = batch.targets.cpu().numpy(), self.tones[batch.rows.numpy()]
            drawn = self.book.draw(classes, tones, generator)
            input_ids, mask = pad([self.ids[caption] for caption in drawn])
            true = torch.from_numpy(self.book.describes(drawn, classes, tones))
            device = batch.images.device
            yield PairBatch(batch.images, input_ids.to(device), mask.to(device), true.to(device))


def contrastive_loss(model: nn.Module, batch: PairBatch) -> Tensor:
    """Both directions of the contrastive cross entropy; every true pair of the batch counts, not the diagonal alone
    (UniCL, Yang et al. 2022), since with ten classes a batch holds many captions that fit an image."""
    image, text, scale = model(batch.images, batch.input_ids, batch.attention_mask)
    scores, true = scale * image @ text.T, batch.true.float()
    forth = -(true / true.sum(1, keepdim=True) * F.log_softmax(scores, 1)).sum(1).mean()
    back = -(true / true.sum(0, keepdim=True) * F.log_softmax(scores, 0)).sum(0).mean()
    return (forth + back) / 2
