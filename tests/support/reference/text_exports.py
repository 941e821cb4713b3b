"""Text models and the answers of their pipelines."""

import json

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    MPNetConfig,
    MPNetModel,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaForTokenClassification,
    XLMRobertaConfig,
    XLMRobertaModel,
    pipeline,
)

from export import SIZES, TEXT_AXES, fast, save_export, save_reference, spread, text_inputs
from texts import TEXTS, byte_level, sentence_piece, word_piece

BERT_INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
PLAIN_INPUTS = ["input_ids", "attention_mask"]
BERT_TOKENS = dict(
    unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]"
)
ROBERTA_TOKENS = dict(
    unk_token="<unk>", bos_token="<s>", cls_token="<s>", eos_token="</s>", sep_token="</s>", pad_token="<pad>"
)
PAIRS = [
    {"text": TEXTS[0], "text_pair": TEXTS[19]},
    {"text": TEXTS[7], "text_pair": TEXTS[1]},
    {"text": TEXTS[1], "text_pair": TEXTS[7]},
    {"text": TEXTS[7], "text_pair": TEXTS[7] + "more " * 50},
    {"text": TEXTS[3], "text_pair": ""},
    {"text": "", "text_pair": TEXTS[2]},
]
NER_LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC"]


def labels(names: list[str]) -> dict:
    return dict(id2label=dict(enumerate(names)), label2id={name: index for index, name in enumerate(names)})


def bert_tokenizer(lowercase: bool = True, max_length: int = 64):
    return fast(word_piece(lowercase), max_length, model_input_names=BERT_INPUTS, **BERT_TOKENS)


def roberta_tokenizer(max_length: int = 64):
    return fast(byte_level(), max_length, model_input_names=PLAIN_INPUTS, add_prefix_space=False, **ROBERTA_TOKENS)


def unigram_tokenizer():
    return fast(sentence_piece(), 64, model_input_names=PLAIN_INPUTS, **ROBERTA_TOKENS)


def text_axes(inputs: list[str], outputs: dict[str, dict[int, str]]) -> dict:
    return {**{name: TEXT_AXES for name in inputs}, **outputs}


def classification_cases(model, tokenizer, inputs: list, parameters: list[dict]) -> list[dict]:
    classifier = pipeline("text-classification", model=model, tokenizer=tokenizer)
    cases = []
    for given in parameters:
        for each in inputs:
            options = {"truncation": True, "top_k": None, **given}
            # A dictionary is taken for one input only inside a list.
            [answer] = classifier([each], **options)
            cases.append({"body": {"inputs": each, "parameters": options}, "answer": [answer]})
    return cases


def bert_classifier() -> None:
    tokenizer = bert_tokenizer()
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES, **labels(["neg", "mid", "pos"]))
    model = spread(BertForSequenceClassification(config))
    axes = text_axes(BERT_INPUTS, {"logits": {0: "batch"}})
    save_export("bert-classifier", model, text_inputs(BERT_INPUTS), ["logits"], axes, tokenizer)
    cases = classification_cases(model, tokenizer, TEXTS + PAIRS, [{}])
    cases += classification_cases(model, tokenizer, TEXTS[:3], [{"function_to_apply": "sigmoid"}, {"function_to_apply": "none"}])
    save_reference("bert-classifier", cases)


def distilbert_multilabel() -> None:
    tokenizer = fast(word_piece(False), 64, model_input_names=PLAIN_INPUTS, **BERT_TOKENS)
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        dim=32,
        hidden_dim=64,
        n_layers=2,
        n_heads=4,
        problem_type="multi_label_classification",
        **labels(["toxic", "spam", "joy", "anger"]),
    )
    model = spread(DistilBertForSequenceClassification(config))
    axes = text_axes(PLAIN_INPUTS, {"logits": {0: "batch"}})
    save_export("distilbert-multilabel", model, text_inputs(PLAIN_INPUTS), ["logits"], axes, tokenizer)
    save_reference("distilbert-multilabel", classification_cases(model, tokenizer, TEXTS, [{}]))


def roberta_nli() -> None:
    tokenizer = roberta_tokenizer()
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=66,
        type_vocab_size=1,
        pad_token_id=1,
        **SIZES,
        **labels(["contradiction", "neutral", "entailment"]),
    )
    model = spread(RobertaForSequenceClassification(config))
    axes = text_axes(PLAIN_INPUTS, {"logits": {0: "batch"}})
    save_export("roberta-nli", model, text_inputs(PLAIN_INPUTS), ["logits"], axes, tokenizer)
    cases = classification_cases(model, tokenizer, TEXTS + PAIRS, [{}])
    zero_shot = pipeline("zero-shot-classification", model=model, tokenizer=tokenizer)
    for index, text in enumerate(text for text in TEXTS if text):
        parameters = {"candidate_labels": ["sports", "politics", "天气", "a card"][: 2 + index % 3]}
        if index % 2 == 1:
            parameters["multi_label"] = True
        if index % 5 == 4:
            parameters["hypothesis_template"] = "The text is about {}."
        if index == 2:
            parameters["candidate_labels"] = ["alone"]
        answer = zero_shot(text, **parameters)
        del answer["sequence"]
        cases.append({"body": {"inputs": text, "parameters": {"truncation": True, **parameters}}, "answer": answer})
    save_reference("roberta-nli", cases)


def cross_encoder() -> None:
    tokenizer = bert_tokenizer()
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES, **labels(["LABEL_0"]))
    model = spread(BertForSequenceClassification(config))
    axes = text_axes(BERT_INPUTS, {"logits": {0: "batch"}})
    save_export("cross-encoder", model, text_inputs(BERT_INPUTS), ["logits"], axes, tokenizer)
    cases = classification_cases(model, tokenizer, PAIRS, [{}])
    query = TEXTS[0]
    encoded = tokenizer([query] * len(TEXTS), TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**encoded).logits[:, 0]
    cases.append({"query": query, "texts": TEXTS, "logits": logits.tolist()})
    save_reference("cross-encoder", cases)


def plain(value):
    """numpy scalars as Python's."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value.item() if hasattr(value, "item") else value


def token_cases(model, tokenizer) -> list[dict]:
    cases = []
    tagger = pipeline("token-classification", model=model, tokenizer=tokenizer)
    for strategy in ["none", "simple", "first", "average", "max"]:
        for text in TEXTS if strategy in ("none", "simple") else TEXTS[:5] + TEXTS[14:]:
            answer = plain(tagger(text, aggregation_strategy=strategy, ignore_labels=["O"]))
            parameters = {"aggregation_strategy": strategy, "truncation": True}
            cases.append({"body": {"inputs": text, "parameters": parameters}, "answer": answer})
    return cases


def bert_ner(lowercase: bool, name: str) -> None:
    tokenizer = bert_tokenizer(lowercase)
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES, **labels(NER_LABELS))
    model = spread(BertForTokenClassification(config))
    axes = text_axes(BERT_INPUTS, {"logits": TEXT_AXES})
    save_export(name, model, text_inputs(BERT_INPUTS), ["logits"], axes, tokenizer)
    save_reference(name, token_cases(model, tokenizer))


def roberta_ner(name: str, tokenizer) -> None:
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=66,
        type_vocab_size=1,
        pad_token_id=1,
        **SIZES,
        **labels(NER_LABELS),
    )
    model = spread(RobertaForTokenClassification(config))
    axes = text_axes(PLAIN_INPUTS, {"logits": TEXT_AXES})
    save_export(name, model, text_inputs(PLAIN_INPUTS), ["logits"], axes, tokenizer)
    save_reference(name, token_cases(model, tokenizer))


def pooled(hidden: torch.Tensor, mask: torch.Tensor, mode: str) -> torch.Tensor:
    """The pooling formulas of sentence-transformers."""
    weights = mask.unsqueeze(-1).float()
    if mode == "cls":
        return hidden[:, 0]
    if mode == "max":
        return hidden.masked_fill(weights == 0, -1e9).max(1).values
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


def embedder(name: str, model, tokenizer, inputs: list[str], mode: str, normalize: bool) -> None:
    axes = text_axes(inputs, {"last_hidden_state": TEXT_AXES})
    folder = save_export(name, model, text_inputs(inputs), ["last_hidden_state"], axes, tokenizer)
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")] + ([("2_Normalize", "Normalize")] if normalize else [])
    content = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, (path, kind) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(content, indent=1) + "\n")
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {
        "word_embedding_dimension": 32,
        "pooling_mode_cls_token": mode == "cls",
        "pooling_mode_mean_tokens": mode == "mean",
        "pooling_mode_max_tokens": mode == "max",
        "pooling_mode_mean_sqrt_len_tokens": False,
    }
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(modes, indent=1) + "\n")
    features = pipeline("feature-extraction", model=model, tokenizer=tokenizer)
    cases = []
    for text in TEXTS:
        hidden = torch.tensor(features(text, truncation=True))
        vector = pooled(hidden, torch.ones(hidden.shape[:2]), mode)[0]
        if normalize:
            vector = torch.nn.functional.normalize(vector, dim=0)
        tokens = len(tokenizer(text, truncation=True)["input_ids"])
        cases.append({"body": {"inputs": text, "parameters": {"truncation": True}}, "tokens": tokens, "answer": vector.tolist()})
    save_reference(name, cases)


def minilm_embedder() -> None:
    tokenizer = bert_tokenizer()
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES)
    embedder("minilm-embedder", spread(BertModel(config)), tokenizer, BERT_INPUTS, "mean", True)


def mpnet_embedder() -> None:
    tokenizer = fast(
        word_piece(True),
        64,
        model_input_names=PLAIN_INPUTS,
        **{**BERT_TOKENS, "unk_token": "[UNK]"},
    )
    config = MPNetConfig(vocab_size=len(tokenizer), max_position_embeddings=66, pad_token_id=0, **SIZES)
    embedder("mpnet-embedder", spread(MPNetModel(config)), tokenizer, PLAIN_INPUTS, "cls", False)


def xlmr_embedder() -> None:
    tokenizer = unigram_tokenizer()
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), max_position_embeddings=66, type_vocab_size=1, pad_token_id=1, **SIZES
    )
    embedder("xlmr-embedder", spread(XLMRobertaModel(config)), tokenizer, PLAIN_INPUTS, "max", True)


TEXT_EXPORTS = {
    "bert-classifier": bert_classifier,
    "distilbert-multilabel": distilbert_multilabel,
    "roberta-nli": roberta_nli,
    "cross-encoder": cross_encoder,
    "bert-ner": lambda: bert_ner(True, "bert-ner"),
    "bert-ner-cased": lambda: bert_ner(False, "bert-ner-cased"),
    "roberta-ner": lambda: roberta_ner("roberta-ner", roberta_tokenizer()),
    "unigram-ner": lambda: roberta_ner("unigram-ner", unigram_tokenizer()),
    "minilm-embedder": minilm_embedder,
    "mpnet-embedder": mpnet_embedder,
    "xlmr-embedder": xlmr_embedder,
}
