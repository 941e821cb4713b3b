#!/usr/bin/env bash
# The REST interface with curl. Usage: examples/curl.sh [http://host:port]
set -euo pipefail
base=${1:-http://localhost:8000}

echo '# Text in, labels out'
curl -sf "$base/models/intent" -H 'content-type: application/json' -d '{"inputs":"how do i reset my pin"}'
echo

echo '# What the model takes and gives'
curl -sf "$base/v2/models/intent"
echo

echo '# The same model over the Open Inference Protocol: token ids in, the three best classes out'
curl -sf "$base/v2/models/intent/infer" -H 'content-type: application/json' -d '{
  "inputs": [
    {"name": "input_ids", "datatype": "INT64", "shape": [1, 4], "data": [2, 21, 45, 3]},
    {"name": "attention_mask", "datatype": "INT64", "shape": [1, 4], "data": [1, 1, 1, 1]}],
  "outputs": [{"name": "logits", "parameters": {"classification": 3}}]}'
echo

echo '# What is loaded'
curl -sf -X POST "$base/v2/repository/index"
echo
