"""Shuffled, augmented batches of images, split over the processes of a distributed run."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..core.distributed import Process
from ..core.loop import Batches
from .augment import Augmentation, augment
from .images import ImageSet, normalise


@dataclass
class ImageBatch:
    """`images` float32 [batch, 1, 28, 28], normalised; `targets` int64 [batch]; `rows` [batch], places in the image set."""

    images: Tensor
    targets: Tensor
    rows: Tensor


class ImageBatches(Batches):
    """One pass over an image set per epoch; the last, smaller batch is left out, as batch normalisation would have it.

    Every process sees the same order and takes its own share of each batch.
    """

    def __init__(self, images: ImageSet, size: int, process: Process, seed: int, how: Augmentation | None):
        if len(images) < size:
            raise ValueError(f"{len(images)} images do not fill one batch of {size}")
        self.set, self.size, self.process, self.seed, self.how = images, size, process, seed, how

    def __len__(self) -> int:
        return len(self.set) // self.size

    def epoch(self, number: int) -> Iterator[ImageBatch]:
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + number)
        order = torch.randperm(len(self.set), generator=generator)
        device = self.process.device
        for index in range(len(self)):
            rows = order[index * self.size : (index + 1) * self.size]
            pixels = self.set.pixels[rows]
            if self.how:
                pixels = augment(pixels, self.how, generator)
            mine = slice(self.process.rank, None, self.process.world)
            yield ImageBatch(normalise(pixels[mine]).to(device), self.set.targets[rows[mine]].to(device), rows[mine])
