"""Writes a model as an export folder: the ONNX file and what transformers saves beside it."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "exports"

SIZES = dict(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
)


def spread(model: PreTrainedModel, scale: float = 0.35) -> PreTrainedModel:
    """Wider random weights than the initial ones, so that answers differ from text to text."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim >= 2:
                parameter.normal_(0, scale)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.1)
    return model.eval()


def fast(tokenizer: Tokenizer, max_length: int, **options) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_length, **options)


class Outputs(torch.nn.Module):
    """A model with positional inputs and a tuple of the named outputs."""

    def __init__(self, model: PreTrainedModel, inputs: list[str], outputs: list[str]):
        super().__init__()
        self.model, self.inputs, self.outputs = model, inputs, outputs

    def forward(self, *values):
        result = self.model(**dict(zip(self.inputs, values)))
        return tuple(getattr(result, name) for name in self.outputs)


def save_export(
    name: str,
    model: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
    *processors,
    file: str = "model.onnx",
) -> Path:
    """`axes` names the dynamic axes of inputs and outputs."""
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    for processor in processors:
        processor.save_pretrained(folder)
    torch.onnx.export(
        Outputs(model, list(inputs), outputs).eval(),
        tuple(inputs.values()),
        folder / file,
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    return folder


def save_reference(name: str, cases: list[dict]) -> None:
    text = json.dumps({"cases": cases}, ensure_ascii=False, indent=1)
    (ROOT / name / "reference.json").write_text(text + "\n", encoding="utf-8")


TEXT_AXES = {0: "batch", 1: "sequence"}


def text_inputs(names: list[str]) -> dict[str, torch.Tensor]:
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
    known = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": torch.zeros_like(ids),
    }
    return {name: known[name] for name in names}
