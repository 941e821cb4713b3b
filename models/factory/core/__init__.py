"""Parts that every family shares: records, training loop, metrics, latency, ONNX files."""
