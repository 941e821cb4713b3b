"""Makes tests/fixtures/exports: tiny exports with random weights, and the answers of the Python pipelines."""

import sys

from image_exports import IMAGE_EXPORTS
from text_exports import TEXT_EXPORTS

EXPORTS = {**TEXT_EXPORTS, **IMAGE_EXPORTS}

if __name__ == "__main__":
    for name in sys.argv[1:] or EXPORTS:
        print(name, flush=True)
        EXPORTS[name]()
