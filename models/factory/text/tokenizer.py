"""A WordPiece tokenizer trained on the corpus, in the Hugging Face `tokenizer.json` form."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL))


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Trains a lower-casing WordPiece vocabulary (Schuster and Nakajima 2012) of at most `vocab_size` pieces.

    Only parts that every implementation of the format knows are used (BertNormalizer, BertPreTokenizer,
    TemplateProcessing). Neither truncation nor padding is stored: both are the caller's business.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return tokenizer


def encode(tokenizer: Tokenizer, texts: list[str], max_length: int) -> list[list[int]]:
    """Token ids of each text, special tokens included, cut to `max_length` with the last piece kept as [SEP]."""
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    return [row if len(row) <= max_length else row[: max_length - 1] + [SEP] for row in ids]


def tokenizer_files(tokenizer: Tokenizer, max_length: int) -> dict[str, object]:
    """The small files that stand beside `tokenizer.json` in a Hugging Face folder, by name."""
    special = {
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    }
    added = {
        str(index): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for index, token in enumerate(SPECIAL)
    }
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "do_lower_case": True,
        "model_input_names": ["input_ids", "attention_mask"],
        "added_tokens_decoder": added,
        "clean_up_tokenization_spaces": True,
        **special,
    }
    return {"tokenizer_config.json": config, "special_tokens_map.json": special}


def load_tokenizer(folder: Path) -> Tokenizer:
    """Reads `tokenizer.json` from `folder`."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))
