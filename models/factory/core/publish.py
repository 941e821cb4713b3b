"""Writes a version folder of the model repository: the variants' files, the companions, and `variants.json`."""

import json
import shutil
from pathlib import Path

from .onnx_files import digest


def file_name(variant: str) -> str:
    """`model.onnx` for the variant default, else `model_<variant>.onnx` (the Hugging Face export convention)."""
    return "model.onnx" if variant == "default" else f"model_{variant}.onnx"


def write_version(
    target: Path, header: dict, variants: dict[str, tuple[Path, dict]], companions: dict[str, object]
) -> Path:
    """Fills `target` (<name>/<version>) and returns the path of its `variants.json`.

    `variants` maps a name to its ONNX file and its record (precision, accuracy, evaluation, latency, lineage, seed);
    `companions` maps a file name to text or to a JSON value. ONNX files that are no variant any more are removed.
    """
    target.mkdir(parents=True, exist_ok=True)
    for stale in target.glob("*.onnx"):
        stale.unlink()
    entries = {}
    for name, (source, record) in variants.items():
        path = target / file_name(name)
        shutil.copyfile(source, path)
        entries[name] = {"file": path.name, "bytes": path.stat().st_size, "sha256": digest(path), **record}
    for name, value in companions.items():
        text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        (target / name).write_text(text, encoding="utf-8")
    record_path = target / "variants.json"
    record_path.write_text(
        json.dumps({**header, "variants": entries}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return record_path
