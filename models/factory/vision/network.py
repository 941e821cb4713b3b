"""A small residual network for 28 x 28 images (He et al. 2016, basic blocks)."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class ResNetConfig:
    """Channels of the stem and of each stage, and blocks in each stage. Stages after the first halve the side.

    `first_stride` 2 lets the first stage halve it too. `outputs` is the width of the last linear layer.
    """

    stem: int = 32
    channels: tuple[int, ...] = (32, 64, 128)
    blocks: tuple[int, ...] = (1, 1, 1)
    first_stride: int = 1
    outputs: int = 10

    def to_dict(self) -> dict:
        """Plain values, for records."""
        return asdict(self)

    def describe(self) -> str:
        """One phrase for tables."""
        stages = ", ".join(f"{count} x {width}" for count, width in zip(self.blocks, self.channels))
        return f"stem {self.stem}, {stages}, first stride {self.first_stride}"


@dataclass(frozen=True)
class FoldedConvolution:
    """A convolution with its normalisation folded in: `weight` [out, in, k, k], `bias` [out]."""

    weight: np.ndarray
    bias: np.ndarray
    stride: int


class NormedConvolution(nn.Sequential):
    """Convolution without bias, then batch normalisation."""

    def __init__(self, inner: int, outer: int, kernel: int, stride: int = 1):
        super().__init__(nn.Conv2d(inner, outer, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outer))

    def folded(self) -> FoldedConvolution:
        """The one convolution that does the same at inference (Jacob et al. 2018, section 3.2)."""
        convolution, norm = self
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = convolution.weight * factor[:, None, None, None]
        bias = norm.bias - norm.running_mean * factor
        return FoldedConvolution(weight.detach().float().cpu().numpy(), bias.detach().float().cpu().numpy(), convolution.stride[0])


class Block(nn.Module):
    """relu(shortcut(x) + second(relu(first(x))))."""

    def __init__(self, inner: int, outer: int, stride: int):
        super().__init__()
        self.first = NormedConvolution(inner, outer, 3, stride)
        self.second = NormedConvolution(outer, outer, 3)
        self.shortcut = None if inner == outer and stride == 1 else NormedConvolution(inner, outer, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        short = x if self.shortcut is None else self.shortcut(x)
        return F.relu(short + self.second(F.relu(self.first(x))))


class ResNet(nn.Module):
    """float [rows, 1, 28, 28] -> (outputs [rows, config.outputs], pooled features [rows, channels[-1]])."""

    def __init__(self, config: ResNetConfig):
        super().__init__()
        self.config = config
        self.stem = NormedConvolution(1, config.stem, 3)
        blocks, inner = [], config.stem
        for stage, (width, count) in enumerate(zip(config.channels, config.blocks)):
            for number in range(count):
                stride = 1 if number else (config.first_stride if stage == 0 else 2)
                blocks.append(Block(inner, width, stride))
                inner = width
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(inner, config.outputs)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.stem(images))
        for block in self.blocks:
            x = block(x)
        pooled = x.mean((2, 3))
        return self.head(pooled), pooled
