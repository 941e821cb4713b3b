"""Random shifts, mirror images and erased squares, drawn anew for every image and epoch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """`shift`: pixels of zero padding before the random crop. `flip`, `erase`: probabilities. `square`: sides (from, to)."""

    shift: int = 3
    flip: float = 0.5
    erase: float = 0.5
    square: tuple[int, int] = (4, 12)


def augment(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """uint8 [rows, height, width] -> a changed copy of the same shape.

    Crop and mirror after He et al. 2016; one square is erased to a random grey (Zhong et al. 2020, random erasing).
    """
    rows, height, width = pixels.shape

    def draw(high: int) -> Tensor:
        return torch.randint(high, (rows, 1), generator=generator)

    def happens(probability: float) -> Tensor:
        return torch.rand((rows, 1), generator=generator) < probability

    padded = torch.nn.functional.pad(pixels, [how.shift] * 4)
    down = draw(2 * how.shift + 1) + torch.arange(height)
    across = draw(2 * how.shift + 1) + torch.arange(width)
    across = torch.where(happens(how.flip), across.flip(1), across)
    result = padded[torch.arange(rows)[:, None, None], down[:, :, None], across[:, None, :]]
    low, high = how.square
    side, gone = low + draw(high - low + 1), happens(how.erase)
    inside = [(torch.arange(length) - draw(length)).abs() * 2 <= side for length in (height, width)]
    hole = inside[0][:, :, None] & inside[1][:, None, :] & gone[:, :, None]
    return torch.where(hole, draw(256)[:, :, None].to(torch.uint8), result)
