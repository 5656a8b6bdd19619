"""What every text tower does around its runtime: chunks, small batches of like length, one embedding a prompt."""

from collections.abc import Callable

import numpy as np

from models.clip_tokens import PromptTokenizer, Tokens
from models.types import Embeddings

# A prompt of 1,000 characters may have 40 chunks; this bounds the memory of one run whatever shoppers type.
_CHUNKS_MAX = 64


def embed(
    prompts: list[str], tokenizer: PromptTokenizer, run: Callable[[Tokens], Embeddings], dimension: int
) -> tuple[Embeddings, list[int]]:
    """float32[N, D], unit length, and the number of chunks of each prompt.

    A prompt's embedding is the mean of its chunks', each counted by its tokens: two last words weigh less than seventy.
    """
    chunked = [tokenizer.chunks(prompt) for prompt in prompts]
    owners = np.repeat(np.arange(len(prompts)), [len(chunks) for chunks in chunked])
    flat = [chunk for chunks in chunked for chunk in chunks]
    sums = np.zeros((len(prompts), dimension), np.float32)
    # Neighbours by length share a run, so little is padded.
    order = sorted(range(len(flat)), key=lambda index: len(flat[index]))
    for start in range(0, len(order), _CHUNKS_MAX):
        some = order[start : start + _CHUNKS_MAX]
        embedded = unit(run(tokenizer.pad([flat[index] for index in some])))
        weights = np.array([len(flat[index]) for index in some], np.float32)
        np.add.at(sums, owners[some], embedded * weights[:, None])
    return unit(sums), [len(chunks) for chunks in chunked]


def unit(embeddings: Embeddings) -> Embeddings:
    """Each row at length 1."""
    lengths = np.linalg.norm(embeddings, axis=-1, keepdims=True)
    return (embeddings / np.maximum(lengths, np.float32(1e-12))).astype(np.float32, copy=False)
