"""A family of two towers: the hooks that the steps call."""

from dataclasses import dataclass, field

import numpy as np
import onnxruntime as ort
import torch
from tokenizers import Tokenizer

from ...core.context import Context
from ...core.distributed import seed_everything
from ...core.family import Family
from ...core.loop import Schedule, fit
from ...core.onnx_files import store_half
from ...core.variants import Variant, save_variant
from ...text.corpus import tokenizer_text
from ...text.encoder import EncoderConfig
from ...text.tokenizer import encode, load_tokenizer, tokenizer_files, train_tokenizer
from ..augment import Augmentation
from ..batches import ImageBatches
from ..family import SAMPLE, ImageFamily, refuse_privacy
from ..hf_config import preprocessor
from ..images import pixel_values
from ..learning import load_network
from ..network import ResNet, ResNetConfig
from .captions import caption_book, prompts
from .evaluation import evaluate_towers, run_scores, text_feeds, worst_difference
from .graph import clip_graph
from .hf_config import clip_config
from .towers import PairBatches, TwoTowers, contrastive_loss


@dataclass
class ClipFamily(ImageFamily):
    """The image tower begins as the trunk of `parent`, an image family that must have been trained."""

    parent: Family | None = None
    _tokenizer: Tokenizer | None = field(default=None, repr=False)

    def tokenizer(self, context: Context) -> Tokenizer:
        """A WordPiece tokenizer of the captions, trained once."""
        plan = self.plan["train"]["tokenizer"]
        home = context.stage("tokenizer", plan)
        if not (home / "tokenizer.json").exists() and context.process.main:
            (home / "tokenizer.json").write_text(tokenizer_text(train_tokenizer(caption_book().texts, plan["vocab_size"])), encoding="utf-8")
        context.process.barrier()
        self._tokenizer = self._tokenizer or load_tokenizer(home)
        return self._tokenizer

    def towers(self, context: Context) -> TwoTowers:
        """Both towers before training: the parent's trunk with a new head, and a text encoder of random weights."""
        plan = self.plan["train"]
        seed_everything(self.seed)
        parent = load_network(context.sibling(self.parent).work / "default.pt")
        image = ResNet(ResNetConfig(**{**parent.config.to_dict(), "outputs": plan["width"]}))
        trunk = {name: value for name, value in parent.state_dict().items() if not name.startswith("head.")}
        image.load_state_dict(trunk, strict=False)
        size = self.tokenizer(context).get_vocab_size()
        text = EncoderConfig.uniform(**plan["text"], vocab_size=size, labels=plan["width"], ngrams=False)
        return TwoTowers(image, text)

    def trained(self, context: Context) -> TwoTowers:
        """The towers that `train` left."""
        model = self.towers(context)
        model.load_state_dict(torch.load(context.work / "towers.pt", weights_only=True))
        return model.eval()

    def train(self, context: Context, options: dict) -> dict:
        refuse_privacy(options)
        plan, book, tokenizer = self.plan["train"], caption_book(), self.tokenizer(context)
        images = self.images(context, "train", "select")
        model = self.towers(context)
        batches = ImageBatches(images, plan["batch"], context.process, self.seed, Augmentation(**plan["augmentation"]))
        pairs = PairBatches(batches, book, encode(tokenizer, book.texts, plan["text"]["max_positions"]))
        schedule = Schedule(plan["epochs"], plan["learning_rate"], label="towers")
        home = context.stage("towers", plan)
        fit(model, contrastive_loss, pairs, schedule, context.process, home / "resume.pt")
        if context.process.main:
            torch.save(model.state_dict(), context.work / "towers.pt")
            save_variant(context, Variant("default", "fp32", self.lineage, self.seed), store_half(clip_graph(model.cpu().eval())))
        return {"captions": len(book.texts), "parameters": sum(p.numel() for p in model.parameters()), "rows": len(images)}

    def calibration(self, context: Context, count: int) -> list[dict[str, np.ndarray]]:
        book, tokenizer = caption_book(), self.tokenizer(context)
        texts = np.random.default_rng(self.seed).choice(book.texts, count)
        images = super().calibration(context, count)
        return [image | text_feeds(tokenizer, list(texts[16 * i : 16 * i + 16])) for i, image in enumerate(images)]

    def fidelity(self, context: Context, session: ort.InferenceSession) -> np.ndarray:
        return run_scores(session, self.images(context, "select"), text_feeds(self.tokenizer(context), prompts()))

    def evaluate(self, context: Context, session: ort.InferenceSession) -> dict:
        return evaluate_towers(session, self.tokenizer(context), self.images(context, "validation"), SAMPLE)

    def invariance(self, context: Context, session: ort.InferenceSession) -> float:
        images = self.images(context, "validation").take(np.arange(48))
        return worst_difference(session, self.tokenizer(context), images)

    def latency_feeds(self, context: Context, batch: int) -> tuple[dict[str, np.ndarray], dict]:
        texts = text_feeds(self.tokenizer(context), prompts())
        pixels = pixel_values(self.images(context, "train").pixels[:batch])
        return {"pixel_values": pixels, **texts}, {"image": [28, 28], "texts": len(prompts()), "sequence": texts["input_ids"].shape[1]}

    def companions(self, context: Context) -> dict[str, object]:
        tokenizer = self.tokenizer(context)
        return {
            "config.json": clip_config(self.trained(context)),
            "preprocessor_config.json": preprocessor("CLIPImageProcessor") | {"do_center_crop": False},
            "tokenizer.json": tokenizer_text(tokenizer),
            **tokenizer_files(tokenizer, self.plan["train"]["text"]["max_positions"]),
        }
