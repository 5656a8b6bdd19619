import pytest
from transformers import CLIPTokenizer

from models.training.tokenizer import MERGES_TXT, build_tokenizer

BOS, EOS = 6512, 6513
TEXTS = [
    "a photo of a cat",
    "Red   DRESS!!",
    "kid's t-shirt, size 42",
    "naïve café été",
    "日本 robe 👗",
    "it's 3/4-sleeve\n top\t",
    "",
]


@pytest.fixture(scope="module")
def reference() -> CLIPTokenizer:
    """transformers' own CLIP tokenizer over the same pieces."""
    merges = [(left, right) for left, right in (line.split() for line in MERGES_TXT.read_text("utf-8").splitlines())]
    return CLIPTokenizer(vocab=build_tokenizer().get_vocab(), merges=merges)


@pytest.mark.parametrize("text", TEXTS)
def test_ids_equal_those_of_transformers_clip_tokenizer(reference: CLIPTokenizer, text: str) -> None:
    assert build_tokenizer().encode(text).ids == reference(text)["input_ids"]


def test_common_words_keep_the_ids_of_the_full_clip_vocabulary() -> None:
    # What OpenAI's CLIP gives for this text, between its own begin and end.
    assert build_tokenizer().encode("a photo of a cat").ids == [BOS, 320, 1125, 539, 320, 2368, EOS]


def test_no_text_is_cut_or_padded_unless_the_caller_asks() -> None:
    tokenizer = build_tokenizer()

    lengths = [len(encoding.ids) for encoding in tokenizer.encode_batch(["red " * 200, "red"])]

    assert lengths == [202, 3]
