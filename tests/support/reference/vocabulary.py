"""Small vocabularies, made so that every run makes the same one; the trainers of the library break ties at random."""

import math
import re
from collections import Counter


def _ranked(counts: Counter) -> list[str]:
    return sorted(counts, key=lambda piece: (-counts[piece], piece))


def word_pieces(words: list[str], size: int, specials: list[str]) -> dict[str, int]:
    """Every character, alone and as a continuation, then the commonest beginnings and continuations of words."""
    characters = sorted({character for word in words for character in word})
    pieces = specials + characters + [f"##{character}" for character in characters]
    counts: Counter = Counter()
    for word in words:
        for end in range(2, min(len(word), 8) + 1):
            counts[word[:end]] += end
        for start in range(1, len(word)):
            for end in range(start + 2, min(len(word), start + 6) + 1):
                counts[f"##{word[start:end]}"] += end - start
    return {piece: index for index, piece in enumerate((pieces + _ranked(counts))[:size])}


def byte_pairs(words: list[list[str]], alphabet: list[str], merges: int, specials: list[str]):
    """Byte-pair encoding: the commonest pair is merged, of equal ones the first in the alphabet."""
    vocabulary = specials + alphabet
    rules = []
    for _ in range(merges):
        counts: Counter = Counter()
        for word in words:
            counts.update(zip(word, word[1:]))
        if not counts:
            break
        left, right = min(counts, key=lambda pair: (-counts[pair], pair))
        rules.append((left, right))
        vocabulary.append(left + right)
        words = [_merge(word, left, right) for word in words]
    return {piece: index for index, piece in enumerate(dict.fromkeys(vocabulary))}, rules


def _merge(word: list[str], left: str, right: str) -> list[str]:
    merged: list[str] = []
    for symbol in word:
        if merged and merged[-1] == left and symbol == right:
            merged[-1] = left + right
        else:
            merged.append(symbol)
    return merged


def unigrams(texts: list[str], size: int, specials: list[str]) -> list[tuple[str, float]]:
    """Every character, and the commonest parts of words, with the logarithm of their frequency."""
    counts: Counter = Counter()
    for text in texts:
        for word in re.findall(r"\S+", text):
            word = "▁" + word
            for start in range(len(word)):
                for end in range(start + 1, min(len(word), start + 6) + 1):
                    counts[word[start:end]] += (end - start) ** 2
    single = sorted(piece for piece in counts if len(piece) == 1)
    several = [piece for piece in _ranked(counts) if len(piece) > 1]
    total = sum(counts.values())
    pieces = (single + several)[: size - len(specials)]
    # A little of the rank keeps scores apart, so that no two ways to cut a word are equally good.
    scored = [(piece, math.log(counts[piece] / total) - index * 1e-4) for index, piece in enumerate(pieces)]
    return [(special, 0.0) for special in specials] + scored
