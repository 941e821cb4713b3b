"""Image models and the answers of their pipelines."""

import json

import torch
from PIL import Image
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    pipeline,
)
from transformers.image_utils import load_image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from export import ROOT, TEXT_AXES, fast, save_export, save_reference, spread
from images import make_images, make_resampling
from text_exports import labels
from texts import TEXTS, clip_text

IMAGES = ROOT.parent / "images"
CLASSES = ["cat", "dog", "car", "tree", "house", "boat", "bird"]
PIXEL_AXES = {"pixel_values": {0: "batch"}, "logits": {0: "batch"}}


def image_cases(model, processor) -> list[dict]:
    classifier = pipeline("image-classification", model=model, image_processor=processor)
    return [
        {"image": name, "parameters": {"top_k": len(CLASSES)}, "answer": classifier(str(IMAGES / name), top_k=len(CLASSES))}
        for name in make_images(IMAGES)
    ]


def vit_classifier() -> None:
    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        **labels(CLASSES),
    )
    model = spread(ViTForImageClassification(config), 0.15)
    processor = ViTImageProcessorPil(size={"height": 32, "width": 32})
    pixels = torch.zeros(2, 3, 32, 32)
    save_export("vit-classifier", model, {"pixel_values": pixels}, ["logits"], PIXEL_AXES, processor)
    save_reference("vit-classifier", image_cases(model, processor))


def resnet_classifier() -> None:
    config = ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic", **labels(CLASSES)
    )
    model = spread(ResNetForImageClassification(config), 0.1)
    processor = ConvNextImageProcessorPil(size={"shortest_edge": 48}, crop_pct=0.875)
    pixels = torch.zeros(2, 3, 48, 48)
    save_export("resnet-classifier", model, {"pixel_values": pixels}, ["logits"], PIXEL_AXES, processor)
    save_reference("resnet-classifier", image_cases(model, processor))


class TextTower(torch.nn.Module):
    def __init__(self, model: CLIPModel):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        output = self.model.text_model(input_ids=input_ids, attention_mask=attention_mask)
        return self.model.text_projection(output.pooler_output)


class VisionTower(torch.nn.Module):
    def __init__(self, model: CLIPModel):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model.visual_projection(self.model.vision_model(pixel_values=pixel_values).pooler_output)


def export_towers(folder, model: CLIPModel, inputs: dict[str, torch.Tensor]) -> None:
    """The two graphs of a model that is split, as other exporters write them."""
    text = {name: inputs[name] for name in ["input_ids", "attention_mask"]}
    pixels = {"pixel_values": inputs["pixel_values"]}
    towers = [
        ("text_model.onnx", TextTower(model), text, "text_embeds"),
        ("vision_model.onnx", VisionTower(model), pixels, "image_embeds"),
    ]
    for file, tower, values, output in towers:
        torch.onnx.export(
            tower.eval(),
            tuple(values.values()),
            folder / file,
            input_names=list(values),
            output_names=[output],
            dynamic_axes={
                **{name: TEXT_AXES if name != "pixel_values" else {0: "batch"} for name in values},
                output: {0: "batch"},
            },
            opset_version=17,
            dynamo=False,
        )


def clip() -> None:
    tokenizer = fast(
        clip_text(),
        24,
        model_input_names=["input_ids", "attention_mask"],
        unk_token="<|endoftext|>",
        bos_token="<|startoftext|>",
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
    )
    layers = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
    config = CLIPConfig(
        text_config=CLIPTextConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=24,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
            **layers,
        ).to_dict(),
        vision_config=CLIPVisionConfig(image_size=32, patch_size=8, **layers).to_dict(),
        projection_dim=16,
    )
    model = spread(CLIPModel(config), 0.2)
    with torch.no_grad():
        model.logit_scale.fill_(1.5)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    ids = torch.tensor([[0, 5, 6, 1], [0, 7, 8, 1]])
    inputs = {"input_ids": ids, "pixel_values": torch.zeros(2, 3, 32, 32), "attention_mask": torch.ones_like(ids)}
    outputs = ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"]
    axes = {
        "input_ids": {0: "text_batch_size", 1: "sequence_length"},
        "attention_mask": {0: "text_batch_size", 1: "sequence_length"},
        "pixel_values": {0: "image_batch_size"},
        "logits_per_image": {0: "image_batch_size", 1: "text_batch_size"},
        "logits_per_text": {0: "text_batch_size", 1: "image_batch_size"},
        "text_embeds": {0: "text_batch_size"},
        "image_embeds": {0: "image_batch_size"},
    }
    joint = save_export("clip", model, inputs, outputs, axes, tokenizer, processor)
    split = joint.parent / "clip-towers"
    split.mkdir(exist_ok=True)
    for file in joint.glob("*.json"):
        if file.name != "reference.json":
            (split / file.name).write_text(file.read_text())
    export_towers(split, model, inputs)
    config_file = split / "config.json"
    settings = {**json.loads(config_file.read_text()), "logit_scale": model.logit_scale.exp().item()}
    config_file.write_text(json.dumps(settings, indent=2) + "\n")
    zero_shot = pipeline(
        "zero-shot-image-classification", model=model, tokenizer=tokenizer, image_processor=processor
    )
    cases = []
    for index, name in enumerate(make_images(IMAGES)):
        parameters = {"candidate_labels": ["a cat", "red car 😀", "東京", "dog"][: 2 + index % 3]}
        if index % 4 == 3:
            parameters["hypothesis_template"] = "{} in the wild"
        answer = zero_shot(str(IMAGES / name), **parameters)
        cases.append({"image": name, "parameters": parameters, "answer": answer})
    with torch.no_grad():
        for text in TEXTS:
            encoded = tokenizer(text, truncation=True, return_tensors="pt")
            encoded["pixel_values"] = torch.zeros(1, 3, 32, 32)
            cases.append({"text": text, "embedding": model(**encoded).text_embeds[0].tolist()})
        for name in make_images(IMAGES):
            image = Image.open(IMAGES / name)
            pixels = processor(load_image(image), return_tensors="pt")["pixel_values"]
            outputs = model(input_ids=ids[:1], pixel_values=pixels)
            cases.append({"image": name, "embedding": outputs.image_embeds[0].tolist()})
    save_reference("clip", cases)


IMAGE_EXPORTS = {
    "resampling": lambda: make_resampling(ROOT.parent / "resampling.json"),
    "vit-classifier": vit_classifier,
    "resnet-classifier": resnet_classifier,
    "clip": clip,
}
