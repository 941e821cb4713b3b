"""Fashion-MNIST as arrays: reading the IDX files, the fixed reporting tenth, and the rows that `clean` kept."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ..core.context import Context

LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
SIDE = 28
# Mean and standard deviation of the training pixels on the scale 0 to 1.
MEAN, DEVIATION = 0.286, 0.353


@dataclass
class ImageSet:
    """`pixels` uint8 [rows, 28, 28], `targets` int64 [rows] as numbers of LABELS."""

    pixels: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "ImageSet":
        """The rows with these numbers."""
        index = torch.from_numpy(np.asarray(rows))
        return ImageSet(self.pixels[index], self.targets[index])


def read_idx(path: Path) -> np.ndarray:
    """An unsigned-byte array of the IDX format (http://yann.lecun.com/exdb/mnist/), gzipped.

    Raises ValueError where the file is of another kind or cut short.
    """
    content = gzip.decompress(path.read_bytes())
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path.name} is not an IDX file of unsigned bytes")
    shape = np.frombuffer(content, ">i4", count=content[3], offset=4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * content[3])
    if values.size != shape.prod():
        raise ValueError(f"{path.name} holds {values.size} values, its header says {shape.prod()}")
    return values.reshape(shape)


def read_fashion_mnist(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 [60000, 28, 28] and class numbers of the published training part."""
    folder = data / "fashion-mnist"
    return read_idx(folder / "train-images-idx3-ubyte.gz"), read_idx(folder / "train-labels-idx1-ubyte.gz")


def image_table(data: Path, seed: int) -> pd.DataFrame:
    """The rows as `clean` wants them. A seeded tenth of every class is the reporting split.

    `key` is a digest of the pixels, `row` the image's place in the file.
    """
    pixels, targets = read_fashion_mnist(data)
    keys = [hashlib.sha256(image.tobytes()).hexdigest()[:16] for image in pixels]
    table = pd.DataFrame({"key": keys, "label": [LABELS[t] for t in targets], "split": "train", "row": np.arange(len(targets))})
    tenth = table.groupby("label").sample(frac=0.1, random_state=seed)
    table.loc[tenth.index, "split"] = "validation"
    return table


def load_split(context: Context, *splits: str) -> ImageSet:
    """The images of `clean.csv` that belong to `splits`, in the file's order."""
    table = pd.read_csv(context.work / "clean.csv")
    rows = table.loc[table["split"].isin(splits), "row"].to_numpy()
    pixels, targets = read_fashion_mnist(context.data)
    return ImageSet(torch.from_numpy(pixels[rows]), torch.from_numpy(targets[rows].astype(np.int64)))


def normalise(pixels: Tensor) -> Tensor:
    """uint8 [rows, 28, 28] -> float32 [rows, 1, 28, 28] of about zero mean and unit deviation."""
    return ((pixels.float() / 255 - MEAN) / DEVIATION)[:, None].contiguous(memory_format=torch.channels_last)


def pixel_values(pixels: Tensor) -> np.ndarray:
    """What an image processor would hand the exported graph: float32 [rows, 3, 28, 28], three equal channels."""
    return normalise(pixels).expand(-1, 3, -1, -1).contiguous().numpy()


def garment_brightness(pixels: Tensor) -> Tensor:
    """Mean of the pixels that are not background, 0 to 255, float [rows], for uint8 [rows, 28, 28]."""
    garment = (pixels > 0).sum((1, 2)).clamp(min=1)
    return pixels.float().sum((1, 2)) / garment
