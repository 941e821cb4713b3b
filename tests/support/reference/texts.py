"""Texts that tokenizers trip over, and small tokenizers that know most of them."""

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from vocabulary import byte_pairs, unigrams, word_pieces

TEXTS = [
    "How do I reset the PIN of my card?",
    "Café déjà vu, naïve façade: Ångström & Señor Núñez.",
    "I love this 😀👍🏽 so much 👩‍👩‍👧‍👦!",
    "今天天气很好，我们去公园吧。",
    "Tokyo 東京 and Beijing 北京 are cities; ソウル too.",
    "",
    "   \t \n ",
    "word " * 300,
    "1,234.56 + 7e-3 = 1234.567; 50% of $9.99",
    "See https://example.com/a?b=c&d=e#f or mail me@example.org",
    "line one\nline two\r\n\ttabbed",
    "Привет, как дела? Всё хорошо!",
    "مرحبا بالعالم، كيف الحال؟",
    "नमस्ते दुनिया, आप कैसे हैं?",
    "İstanbul'da ışık, Straße, ﬁne ﬂow, ＦＵＬＬ width",
    "zero\u200bwidth\u200djoiner and\u00a0no-break \u0000 control \u0007 bell",
    "unknown ☃ ♞ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 symbols ⚛",
    "x" * 120 + " after a word that is too long",
    "special [SEP] and [MASK] and <s> inside </s> the text",
    "John Smith moved from Berlin to New York in 1999, didn't he?",
]

CORPUS = TEXTS[:5] + TEXTS[8:16] + TEXTS[18:] + [
    "the quick brown fox jumps over the lazy dog",
    "reset the pin of the card and show the balance of the account",
    "John Smith lives in Berlin and Mary Jones moved to New York",
    "This example is about sports. This example is about politics.",
    "this is a photo of a cat and a dog and a red car",
]

BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CLIP_SPECIALS = ["<|startoftext|>", "<|endoftext|>"]
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


def _words(tokenizer: Tokenizer) -> list[str]:
    words = []
    for text in CORPUS:
        normalized = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
        words += [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized)]
    return words


def word_piece(lowercase: bool) -> Tokenizer:
    """BERT's tokenizer."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.model = models.WordPiece(word_pieces(_words(tokenizer), 600, BERT_SPECIALS), unk_token="[UNK]")
    tokenizer.add_special_tokens(BERT_SPECIALS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer


def byte_level() -> Tokenizer:
    """RoBERTa's tokenizer: byte-level BPE."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    words = [list(word) for word in _words(tokenizer)]
    vocabulary, merges = byte_pairs(words, ALPHABET, 200, ROBERTA_SPECIALS)
    tokenizer.model = models.BPE(vocabulary, merges)
    tokenizer.add_special_tokens(ROBERTA_SPECIALS)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    return tokenizer


def sentence_piece() -> Tokenizer:
    """XLM-RoBERTa's tokenizer: unigrams over text whose spaces are visible."""
    tokenizer = Tokenizer(models.Unigram(unigrams(CORPUS, 600, ROBERTA_SPECIALS), unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(ROBERTA_SPECIALS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def clip_text() -> Tokenizer:
    """CLIP's tokenizer: lower-cased byte-level BPE with an end-of-word suffix."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pattern = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    words = [[*word[:-1], word[-1] + "</w>"] for word in _words(tokenizer)]
    alphabet = ALPHABET + [f"{character}</w>" for character in ALPHABET]
    vocabulary, merges = byte_pairs(words, alphabet, 200, CLIP_SPECIALS)
    tokenizer.model = models.BPE(
        vocabulary, merges, unk_token="<|endoftext|>", continuing_subword_prefix="", end_of_word_suffix="</w>"
    )
    tokenizer.add_special_tokens(CLIP_SPECIALS)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("<|endoftext|>", 1), ("<|startoftext|>", 0), False, False
    )
    return tokenizer
