"""The variants a family has made so far: an ONNX file and a record for each, in the working folder."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import onnx

from .context import Context


@dataclass
class Variant:
    """One ONNX file with its history. `source` is the variant it was derived from, None for the default."""

    name: str
    precision: str
    lineage: list[str]
    seed: int
    source: str | None = None
    extra: dict = field(default_factory=dict)

    def path(self, context: Context) -> Path:
        """Where the ONNX file lies."""
        return context.work / "variants" / f"{self.name}.onnx"


def save_variant(context: Context, variant: Variant, model: onnx.ModelProto | Path) -> None:
    """Keeps a variant's graph and record."""
    path = variant.path(context)
    path.parent.mkdir(exist_ok=True)
    if isinstance(model, Path):
        path.write_bytes(model.read_bytes())
    else:
        onnx.save(model, str(path))
    path.with_suffix(".json").write_text(json.dumps(asdict(variant), indent=1), encoding="utf-8")


def load_variant(context: Context, name: str) -> Variant:
    """The record of a variant. Raises RuntimeError where it was not made yet."""
    path = context.work / "variants" / f"{name}.json"
    if not path.exists():
        raise RuntimeError(f"variant '{name}' of family '{context.family.name}' was not made yet")
    return Variant(**json.loads(path.read_text(encoding="utf-8")))


def list_variants(context: Context) -> list[Variant]:
    """All variants made so far, default first, then as the family's bars name them, then the rest by name."""
    order = ["default", *context.family.bars]
    names = [path.stem for path in (context.work / "variants").glob("*.json")]
    ranked = sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))
    return [load_variant(context, name) for name in ranked]
