"""Padded batches of similar length, split over the processes of a distributed run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..core.distributed import Process
from ..core.loop import Batches
from .tokenizer import PAD

Source = Callable[[int], tuple[list[list[int]], np.ndarray]]


@dataclass
class TextBatch:
    """`input_ids` and `attention_mask` [batch, sequence]; `rows` [batch] says which rows of the corpus they are."""

    input_ids: Tensor
    attention_mask: Tensor
    rows: Tensor


def pad(ids: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask as int64 tensors [rows, longest row]."""
    width = max(map(len, ids))
    padded = torch.full((len(ids), width), PAD, dtype=torch.long)
    for row, tokens in enumerate(ids):
        padded[row, : len(tokens)] = torch.tensor(tokens)
    lengths = torch.tensor([len(tokens) for tokens in ids])
    return padded, (torch.arange(width)[None] < lengths[:, None]).long()


class TextBatches(Batches):
    """Shuffled batches; rows of similar length share one, so that little of it is padding.

    `source(epoch)` is asked anew each epoch, which is where augmentation comes in: it gives the token ids and the number
    that each row bears in the corpus. Every process sees the same order and takes its own share of each batch.
    """

    def __init__(self, source: Source, size: int, process: Process, seed: int):
        self.source, self.size, self.process, self.seed = source, size, process, seed
        self.count = -(-len(source(0)[0]) // size)

    def __len__(self) -> int:
        return self.count

    def epoch(self, number: int) -> Iterator[TextBatch]:
        ids, rows = self.source(number)
        generator = np.random.default_rng([self.seed, number])
        lengths = np.array([len(row) for row in ids]) + generator.uniform(0, 3, len(ids))
        order = np.argsort(lengths)
        chunks = [order[i : i + self.size] for i in range(0, len(order), self.size)]
        for index in generator.permutation(len(chunks)):
            share = chunks[index][self.process.rank :: self.process.world]
            if len(share) == 0:  # a peer's share may be empty only when the batch is smaller than the group
                share = chunks[index][:1]
            input_ids, mask = pad([ids[row] for row in share])
            device = self.process.device
            yield TextBatch(input_ids.to(device), mask.to(device), torch.from_numpy(rows[share]).to(device))
