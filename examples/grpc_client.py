"""Asks the model `intent` over gRPC.

pip install grpcio grpcio-tools tokenizers
python examples/grpc_client.py [address] [text]
"""

import struct
import sys
from pathlib import Path

import grpc
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "proto"))
messages, services = grpc.protos_and_services("open_inference_grpc.proto")

address = sys.argv[1] if len(sys.argv) > 1 else "localhost:8001"
text = sys.argv[2] if len(sys.argv) > 2 else "how do i reset my pin"


def int64(values):
    """The bytes of an INT64 tensor: little-endian, row-major."""
    return struct.pack(f"<{len(values)}q", *values)


def texts(data):
    """The elements of a BYTES tensor: each behind its length as a little-endian uint32."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        yield data[at + 4 : at + 4 + length].decode()
        at += 4 + length


with grpc.insecure_channel(address) as channel:
    client = services.GRPCInferenceServiceStub(channel)

    metadata = client.ModelMetadata(messages.ModelMetadataRequest(name="intent"), timeout=10)
    print(f"intent: {text}")
    for tensor in [*metadata.inputs, *metadata.outputs]:
        print(tensor.name, tensor.datatype, list(tensor.shape))

    encoding = Tokenizer.from_file(str(ROOT / "models/intent/1/tokenizer.json")).encode(text)
    request = messages.ModelInferRequest(
        model_name="intent",
        raw_input_contents=[int64(encoding.ids), int64(encoding.attention_mask)],
    )
    for name in ("input_ids", "attention_mask"):
        request.inputs.add(name=name, datatype="INT64", shape=[1, len(encoding.ids)])
    # The three best classes in place of all logits, as "value:index:label".
    request.outputs.add(name="logits").parameters["classification"].int64_param = 3

    response = client.ModelInfer(request, timeout=10)
    for best in texts(response.raw_output_contents[0]):
        print(best)
