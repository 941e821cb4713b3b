"""Families that look at images: data, networks, losses, ONNX graphs."""
