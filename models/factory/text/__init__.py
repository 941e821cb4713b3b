"""Parts for text models: corpora, tokenizer, encoder, its ONNX graph."""
