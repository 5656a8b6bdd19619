"""From prompts to CLIP's token ids: untruncated up to 77, longer prompts in chunks."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.checkpoint import BadCheckpoint, Checkpoint

CONTEXT_LENGTH = 77
"""What CLIP's text tower reads at once, begin and end included."""

_BOS, _EOS = "<|startoftext|>", "<|endoftext|>"
_ROOM = CONTEXT_LENGTH - 2
_AFTER_A_CLAUSE = re.compile(r"(?<=[.,;:!?])\s+|\n+")


@dataclass(frozen=True)
class Tokens:
    """A batch of chunks, padded to its longest one."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    """Both int64[N, L]; the mask is 0 where padded."""

    def widened(self, length: int, end: int) -> "Tokens":
        """Padded with `end` up to `length`."""
        missing = ((0, 0), (0, length - self.ids.shape[1]))
        return Tokens(np.pad(self.ids, missing, constant_values=end), np.pad(self.mask, missing))


class PromptTokenizer:
    """CLIP's byte-pair tokenizer, whichever file it was read from."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        # A shopper who types "<|endoftext|>" means the letters; as a token it would end the prompt there.
        self._tokenizer.encode_special_tokens = True
        bos, eos = tokenizer.token_to_id(_BOS), tokenizer.token_to_id(_EOS)
        if bos is None or eos is None:
            raise ValueError(f"no {_BOS} or {_EOS} in the vocabulary")
        self.bos, self.eos = bos, eos

    def chunks(self, prompt: str) -> list[list[int]]:
        """Ids with begin and end, at most 77 each. Cut after clauses, else between words, else inside a word."""
        whole = self._ids(prompt)
        if len(whole) <= _ROOM:
            return [self._closed(whole)]
        packed: list[list[int]] = [[]]
        for piece in self._pieces(prompt):
            if len(packed[-1]) + len(piece) > _ROOM:
                packed.append([])
            packed[-1].extend(piece)
        return [self._closed(ids) for ids in packed if ids]

    def pad(self, chunks: list[list[int]]) -> Tokens:
        """Padded with the end token, whose first place is where CLIP reads the prompt's embedding."""
        longest = max(map(len, chunks))
        ids = np.full((len(chunks), longest), self.eos, np.int64)
        mask = np.zeros((len(chunks), longest), np.int64)
        for row, chunk in enumerate(chunks):
            ids[row, : len(chunk)] = chunk
            mask[row, : len(chunk)] = 1
        return Tokens(ids, mask)

    def _pieces(self, prompt: str) -> list[list[int]]:
        """Each at most _ROOM long. CLIP drops white space: ids of pieces cut there join to those of the whole."""
        pieces: list[list[int]] = []
        for clause in _AFTER_A_CLAUSE.split(prompt):
            ids = self._ids(clause)
            pieces.extend([ids] if len(ids) <= _ROOM else self._words(clause))
        return pieces

    def _words(self, clause: str) -> list[list[int]]:
        words = [self._ids(word) for word in clause.split()]
        return [word[start : start + _ROOM] for word in words for start in range(0, len(word), _ROOM)]

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def _closed(self, ids: list[int]) -> list[int]:
        return [self.bos, *ids, self.eos]


def tokenizer(checkpoint: Checkpoint) -> PromptTokenizer:
    """Raises BadCheckpoint."""
    try:
        return PromptTokenizer(_read(checkpoint))
    except Exception as error:  # the tokenizers library raises plain Exception
        raise BadCheckpoint(f"{checkpoint.folder} holds no CLIP tokenizer (tokenizer.json): {error}.") from error


def _read(checkpoint: Checkpoint) -> Tokenizer:
    if checkpoint.kind == "onnx":
        return Tokenizer.from_file(str(checkpoint.folder / "tokenizer.json"))
    from transformers import CLIPTokenizer  # also makes one of the vocab.json and merges.txt of older checkpoints

    return CLIPTokenizer.from_pretrained(checkpoint.folder, local_files_only=True).backend_tokenizer
