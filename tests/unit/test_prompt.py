"""What becomes of the words a shopper types."""

import unicodedata

import pytest

from models.prompt import PROMPT_CHARACTERS_MAX, BadPrompt, clean


def test_white_space_is_folded_and_trimmed() -> None:
    assert clean("  red \t\n summer\u00a0 dress\u2003") == "red summer dress"


def test_composed_and_decomposed_letters_become_the_same_prompt() -> None:
    composed, decomposed = "robe d'été", unicodedata.normalize("NFD", "robe d'été")

    assert composed != decomposed
    assert clean(decomposed) == clean(composed) == composed


@pytest.mark.parametrize(
    "invisible",
    ["\u200b", "\u200d", "\ufeff", "\u00ad", "\u202e", "\u2066", "\x00", "\x1b", "\x7f", "\ud800", "\ufe0f", "\u3164"],
    ids=lambda text: f"U+{ord(text):04X}",
)
def test_what_cannot_be_seen_is_removed(invisible: str) -> None:
    assert clean(f"red{invisible} dr{invisible}ess{invisible}") == "red dress"


def test_a_cleaned_prompt_can_always_be_sent_as_utf_8() -> None:
    assert clean("red\udfff dress").encode("utf-8") == b"red dress"


def test_letters_of_any_script_and_symbols_between_words_stay() -> None:
    for prompt in ("красное платье", "赤いドレス", "فستان أحمر", "dress & belt, 50% off 👗", "90s"):
        assert clean(prompt) == prompt


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b", "\u3164", "\u2800 \u2800"])
def test_an_empty_prompt_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadPrompt, match=r"empty.*summer dress"):
        clean(text)


@pytest.mark.parametrize("text", ["!!!", "👗👠", "- / -", "…", "€$"])
def test_symbols_alone_are_refused(text: str) -> None:
    with pytest.raises(BadPrompt, match="no words"):
        clean(text)


def test_the_limit_counts_what_is_left_after_cleaning() -> None:
    longest = "a" * PROMPT_CHARACTERS_MAX

    assert clean(longest + "\u200b" * 500) == longest
    with pytest.raises(BadPrompt, match="1001 characters; at most 1000"):
        clean(longest + "b")


def test_a_flood_of_invisible_characters_is_refused_unread() -> None:
    with pytest.raises(BadPrompt, match="at most 1000"):
        clean("dress" + "\u200b" * 1_000_000)
