"""Images that decoders trip over."""

import json
from pathlib import Path

import numpy as np
from PIL import Image


def _photo(width: int, height: int, seed: int) -> np.ndarray:
    """Smooth colours with a few hard edges: something a lossy codec keeps."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for _ in range(3):
        a, b, c = random.uniform(0.02, 0.15, 3)
        planes.append(127 + 80 * np.sin(a * x + c * y) + 40 * np.cos(b * y - c * x))
    pixels = np.stack(planes, -1)
    left, top = random.integers(0, width // 2 + 1), random.integers(0, height // 2 + 1)
    pixels[top : top + height // 4, left : left + width // 4] = random.integers(0, 255, 3)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def make_images(folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = []

    def save(name: str, image: Image.Image, **options) -> None:
        image.save(folder / name, **options)
        names.append(name)

    rgb = lambda width, height, seed: Image.fromarray(_photo(width, height, seed))
    save("photo.jpg", rgb(96, 64, 1), quality=90)
    save("tall.jpg", rgb(40, 120, 2), quality=85)
    save("wide.png", rgb(150, 30, 3))
    save("square.webp", rgb(64, 64, 4), quality=90)
    save("lossless.webp", rgb(50, 70, 5), lossless=True)
    save("one-pixel.png", rgb(1, 1, 6))
    save("tiny.png", rgb(5, 3, 7))
    save("gray.png", rgb(60, 40, 8).convert("L"))
    save("gray.jpg", rgb(60, 40, 9).convert("L"), quality=90)
    save("bilevel.png", rgb(40, 40, 10).convert("1"))
    save("gray-alpha.png", rgb(48, 32, 11).convert("LA"))
    alpha = rgb(48, 48, 12).convert("RGBA")
    alpha.putalpha(Image.fromarray(_photo(48, 48, 13)[..., 0]))
    save("alpha.png", alpha)
    save("alpha.webp", alpha, lossless=True, exact=True)
    save("palette.png", rgb(40, 60, 14).quantize(32))
    transparent = rgb(40, 40, 15).quantize(16)
    save("palette-transparent.png", transparent, transparency=3)
    save("progressive.jpg", rgb(90, 90, 16), quality=80, progressive=True)
    save("subsampled.jpg", rgb(81, 53, 17), quality=75, subsampling="4:2:0")
    for orientation in (3, 6, 8, 5):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"exif-{orientation}.jpg", rgb(80, 50, 20 + orientation), quality=92, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("exif-6.png", rgb(30, 20, 30), exif=exif)
    return names


def make_resampling(file: Path) -> None:
    """What Pillow makes of a small image with each filter, and of its colours as gray."""
    pixels = np.random.default_rng(7).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    sizes = [(5, 4), (13, 4), (5, 9), (29, 20), (1, 1), (13, 9)]
    resized = [
        {"filter": name.lower(), "size": size, "data": np.asarray(image.resize(size, filter)).flatten().tolist()}
        for name, filter in Image.Resampling.__members__.items()
        for size in sizes
    ]
    gray = np.asarray(image.convert("L")).flatten().tolist()
    content = {"width": 13, "height": 9, "data": pixels.flatten().tolist(), "gray": gray, "resized": resized}
    file.write_text(json.dumps(content) + "\n")
