"""Makes tests/fixtures/charsmap.json: a small normalization of sentencepiece, and what the Python tokenizers make of it."""

import base64
import io
import json
import pathlib
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import normalizers

RULES = {"41": "61", "42": "62 62", "FF21": "41", "65 301": "E9", "AD": "", "3000": "20", "1F600": "3A 29"}

TEXTS = [
    "AB aB",
    "ＡＢ",
    "e\u0301 cafe\u0301 E\u0301",
    "so\u00adft a\u3000b",
    "A\u0301 Ａ\u0301 e\u0301\u0301",
    "👩\u200d👧 😀A 👍🏽",
    "A\r\nB\u0000A",
    "한국어 \u1112\u1161\u11ab กำ",
    "",
]

with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
    rules.write("".join(f"{source}\t{target}\n" for source, target in RULES.items()))
    rules.flush()
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f g"]),
        model_writer=model,
        vocab_size=20,
        hard_vocab_limit=False,
        normalization_rule_tsv=rules.name,
        minloglevel=2,
    )

proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
charsmap = proto.normalizer_spec.precompiled_charsmap
normalizer = normalizers.Precompiled(charsmap)
cases = [[text, normalizer.normalize_str(text)] for text in TEXTS]
path = pathlib.Path(__file__).parents[2] / "fixtures" / "charsmap.json"
path.write_text(json.dumps({"charsmap": base64.b64encode(charsmap).decode(), "cases": cases}, indent=1) + "\n")
