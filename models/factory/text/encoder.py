"""The text encoder: a small BERT (Devlin et al. 2019) whose layers may differ in heads and feed-forward width."""

from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .token_table import TokenTable


@dataclass
class EncoderConfig:
    """Shape of an encoder. `heads` and `ffn` hold one entry per layer, so that a pruned model is a config too."""

    vocab_size: int
    hidden: int
    heads: list[int]
    ffn: list[int]
    head_dim: int = 64
    max_positions: int = 128
    labels: int = 2
    dropout: float = 0.1
    ngrams: bool = True
    extra: dict = field(default_factory=dict)

    @classmethod
    def uniform(cls, layers: int, heads: int, ffn: int, **rest) -> "EncoderConfig":
        """A config whose layers are all alike."""
        return cls(heads=[heads] * layers, ffn=[ffn] * layers, **rest)

    def to_dict(self) -> dict:
        """Plain values, for JSON and checkpoints."""
        return asdict(self)


class SharedDropout(nn.Module):
    """Dropout whose mask is shared along the sequence (Gal and Ghahramani 2016): [batch, sequence, hidden] or [batch, hidden].

    It regularises as well here, and drawing one random number per row and channel instead of one per token spares a
    fifth of the training step on a CPU.
    """

    def __init__(self, share: float):
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return x
        shape = (x.shape[0], *([1] * (x.ndim - 2)), x.shape[-1])
        return x * ((torch.rand(shape, device=x.device) >= self.share).to(x.dtype) / (1 - self.share))


class Layer(nn.Module):
    """One post-norm transformer layer: [batch, sequence, hidden] -> the same shape."""

    def __init__(self, config: EncoderConfig, index: int):
        super().__init__()
        self.heads, self.head_dim = config.heads[index], config.head_dim
        width = self.heads * self.head_dim
        self.query = nn.Linear(config.hidden, width)
        self.key = nn.Linear(config.hidden, width)
        self.value = nn.Linear(config.hidden, width)
        self.output = nn.Linear(width, config.hidden)
        self.attention_norm = nn.LayerNorm(config.hidden, eps=1e-5)
        self.up = nn.Linear(config.hidden, config.ffn[index])
        self.down = nn.Linear(config.ffn[index], config.hidden)
        self.ffn_norm = nn.LayerNorm(config.hidden, eps=1e-5)
        self.dropout = SharedDropout(config.dropout)

    def attend(self, x: Tensor, bias: Tensor) -> Tensor:
        """The concatenated head outputs, [batch, sequence, heads * head_dim], before the output projection."""
        batch, sequence, _ = x.shape
        q, k, v = (
            part(x).view(batch, sequence, self.heads, self.head_dim).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        # Written out: for sequences this short the blocked kernels' backward pass takes ten times longer on a CPU.
        scores = q @ k.transpose(-1, -2) * self.head_dim**-0.5 + bias.to(q.dtype)
        out = scores.softmax(-1).to(v.dtype) @ v
        return out.transpose(1, 2).reshape(batch, sequence, -1)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.attention_norm(x + self.dropout(self.output(self.attend(x, bias))))
        return self.ffn_norm(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Encoder(nn.Module):
    """Token ids -> hidden states, and logits from the masked mean of the last layer.

    `forward` takes `input_ids` and `attention_mask` of shape [batch, sequence] and returns
    (logits [batch, labels], hidden states: a list of layers + 1 tensors [batch, sequence, hidden]).
    """

    def __init__(self, config: EncoderConfig, pieces: list[str] | None = None):
        super().__init__()
        self.config = config
        self.tokens = TokenTable(config.vocab_size, config.hidden, pieces if config.ngrams else None)
        self.positions = nn.Embedding(config.max_positions, config.hidden)
        self.embedding_norm = nn.LayerNorm(config.hidden, eps=1e-5)
        self.layers = nn.ModuleList(Layer(config, index) for index in range(len(config.heads)))
        self.dropout = SharedDropout(config.dropout)
        self.classifier = nn.Linear(config.hidden, config.labels)
        self.apply(_initialise)

    def embed(self, input_ids: Tensor) -> Tensor:
        """Token plus position vectors, [batch, sequence, hidden], before the norm."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device).expand_as(input_ids)
        return self.tokens(input_ids) + self.positions(places)

    def encode(self, embedded: Tensor, attention_mask: Tensor) -> list[Tensor]:
        """Runs the layers over embedded tokens; masked positions are never attended to."""
        bias = (1.0 - attention_mask[:, None, None, :].to(embedded.dtype)) * -1e4
        states = [self.dropout(self.embedding_norm(embedded))]
        for layer in self.layers:
            states.append(layer(states[-1], bias))
        return states

    def pool(self, state: Tensor, attention_mask: Tensor) -> Tensor:
        """Mean over the real tokens: padding and neighbours in the batch have no part in it."""
        mask = attention_mask[:, :, None].to(state.dtype)
        return (state * mask).sum(1) / mask.sum(1).clamp(min=1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        states = self.encode(self.embed(input_ids), attention_mask)
        return self.classifier(self.dropout(self.pool(states[-1], attention_mask))), states


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=module.in_features**-0.5 * 0.8)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
