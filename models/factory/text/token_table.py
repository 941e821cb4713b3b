"""Token vectors made of a vector per piece and vectors of its character n-grams (fastText, Bojanowski et al. 2017)."""

from collections import Counter

import torch
from torch import Tensor, nn


def piece_ngrams(piece: str, shortest: int = 3, longest: int = 5) -> list[str]:
    """Character n-grams of a piece. A word start is marked `<`; special tokens and single marks have none."""
    if piece.startswith("[") and piece.endswith("]"):
        return []
    text = piece[2:] if piece.startswith("##") else "<" + piece
    return [text[i : i + n] for n in range(shortest, longest + 1) for i in range(len(text) - n + 1)]


class TokenTable(nn.Module):
    """Ids of any shape -> vectors of that shape plus [hidden].

    With `pieces` (the vocabulary in id order) a vector is the piece's own plus the mean-scaled sum of its
    n-grams', so that rare words share what their spelling shares. The sum depends on the id only: `fold`
    gives the plain table [vocabulary, hidden] that is exported, and inference pays nothing for it.
    """

    def __init__(self, vocab_size: int, hidden: int, pieces: list[str] | None):
        super().__init__()
        self.pieces = nn.Embedding(vocab_size, hidden)
        self.ngrams: nn.EmbeddingBag | None = None
        if pieces:
            flat, offsets, count = _index(pieces)
            self.ngrams = nn.EmbeddingBag(count, hidden, mode="mean", include_last_offset=True)
            nn.init.normal_(self.ngrams.weight, std=0.02)
            self.register_buffer("flat", flat)
            self.register_buffer("offsets", offsets)

    def rows(self, ids: Tensor) -> Tensor:
        """Vectors [n, hidden] of the ids [n]."""
        own = self.pieces(ids)
        if self.ngrams is None:
            return own
        lengths = self.offsets[ids + 1] - self.offsets[ids]
        ends = torch.cumsum(lengths, 0)
        starts = torch.cat([ends.new_zeros(1), ends])
        within = torch.arange(int(ends[-1]), device=ids.device) - torch.repeat_interleave(starts[:-1], lengths)
        chosen = self.flat[torch.repeat_interleave(self.offsets[ids], lengths) + within]
        return own + self.ngrams(chosen, starts)

    def forward(self, ids: Tensor) -> Tensor:
        unique, inverse = torch.unique(ids, return_inverse=True)
        return self.rows(unique)[inverse]

    @torch.no_grad()
    def fold(self) -> Tensor:
        """The plain table [vocabulary, hidden]."""
        return self.rows(torch.arange(self.pieces.num_embeddings, device=self.pieces.weight.device))


def _index(pieces: list[str]) -> tuple[Tensor, Tensor, int]:
    """Flat n-gram ids and offsets (CSR) of every piece. N-grams seen in one piece only say nothing new: left out."""
    grams = [piece_ngrams(piece) for piece in pieces]
    counts = Counter(gram for row in grams for gram in set(row))
    known = {gram: index for index, gram in enumerate(sorted(gram for gram, n in counts.items() if n > 1))}
    rows = [[known[gram] for gram in row if gram in known] for row in grams]
    offsets = torch.tensor([0] + [len(row) for row in rows]).cumsum(0)
    return torch.tensor([index for row in rows for index in row]), offsets, max(1, len(known))
