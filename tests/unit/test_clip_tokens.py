"""From prompts to token ids."""

import numpy as np
import pytest
from tokenizers import Tokenizer
from transformers import CLIPTokenizer

from models.clip_tokens import CONTEXT_LENGTH, PromptTokenizer
from tests.unit.checkpoints import MINI

PROMPTS = ["red dress", "Black LEATHER shoes, size 42!", "robe d'été à fleurs", "赤いドレス", "don't", "a" * 60]


@pytest.fixture(scope="module")
def tokenizer() -> PromptTokenizer:
    return PromptTokenizer(Tokenizer.from_file(str(MINI / "tokenizer.json")))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_ids_are_those_of_clips_tokenizer(tokenizer: PromptTokenizer, prompt: str) -> None:
    assert tokenizer.chunks(prompt) == [CLIPTokenizer.from_pretrained(MINI)(prompt)["input_ids"]]


def test_up_to_77_tokens_stay_whole(tokenizer: PromptTokenizer) -> None:
    assert [len(chunk) for chunk in tokenizer.chunks("red " * 75)] == [CONTEXT_LENGTH]
    assert len(tokenizer.chunks("red " * 76)) == 2


LONG = {
    "clauses": "a long red dress with pockets, a belt and a hood; " * 12,
    "words": "red dress " * 120,
    "one word": "x" * 900,
    "letters of several bytes": "衣" * 900,
    "everything": "blue jeans. " * 30 + "y" * 300 + " shoes" * 60,
}


@pytest.mark.parametrize("name", LONG)
def test_nothing_of_a_long_prompt_is_lost_or_too_long(tokenizer: PromptTokenizer, name: str) -> None:
    chunks = tokenizer.chunks(LONG[name])

    assert len(chunks) > 1
    assert max(map(len, chunks)) <= CONTEXT_LENGTH
    assert all((chunk[0], chunk[-1]) == (tokenizer.bos, tokenizer.eos) for chunk in chunks)
    whole = CLIPTokenizer.from_pretrained(MINI)(LONG[name])["input_ids"]
    if name in {"clauses", "words"}:  # inside a word the cut itself ends a piece
        assert [one for chunk in chunks for one in chunk[1:-1]] == whole[1:-1]


def test_a_long_prompt_is_cut_after_a_clause(tokenizer: PromptTokenizer) -> None:
    comma = tokenizer.chunks(",")[0][1]

    chunks = tokenizer.chunks("a red summer dress with pockets, " * 20)

    assert len(chunks) > 1
    assert all(chunk[-2] == comma for chunk in chunks)


def test_a_prompt_that_spells_a_special_token_does_not_end_there(tokenizer: PromptTokenizer) -> None:
    (chunk,) = tokenizer.chunks("<|endoftext|> red dress")

    assert chunk.count(tokenizer.eos) == 1
    assert chunk[-3:-1] == tokenizer.chunks("red dress")[0][1:-1]


def test_a_batch_is_as_wide_as_its_longest_prompt(tokenizer: PromptTokenizer) -> None:
    chunks = [tokenizer.chunks(prompt)[0] for prompt in ("hat", "a red summer dress")]

    tokens = tokenizer.pad(chunks)

    assert tokens.ids.shape == tokens.mask.shape == (2, 6)
    assert (tokens.ids.dtype, tokens.mask.dtype) == (np.int64, np.int64)
    assert tokens.mask.sum(axis=1).tolist() == [3, 6]
    assert tokens.ids[0].tolist() == [*chunks[0], tokenizer.eos, tokenizer.eos, tokenizer.eos]
