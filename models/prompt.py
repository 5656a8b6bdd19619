"""The words a shopper types."""

import unicodedata

PROMPT_CHARACTERS_MAX = 1000

# Cc control, Cf format (bidi marks, zero-width, soft hyphen), Cs lone surrogates, which UTF-8 cannot carry.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
# Letters and marks by category, yet nothing to see: fillers, joiner, variation selectors, blank braille.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0") | {chr(0xFE00 + index) for index in range(16)}


class BadPrompt(Exception):
    """Nothing to search for, or too long; the message says so."""


def clean(text: str) -> str:
    """NFC, without control, bidi and zero-width characters, white space folded.

    Raises BadPrompt (empty, symbols only, too long).
    """
    # Four invisible characters for each visible one are more than any keyboard writes; beyond that nothing is read.
    if len(text) > 4 * PROMPT_CHARACTERS_MAX:
        raise _too_long(len(text))
    spaced = " ".join(text.split())
    visible = "".join(character for character in spaced if _is_visible(character))
    prompt = " ".join(unicodedata.normalize("NFC", visible).split())
    if len(prompt) > PROMPT_CHARACTERS_MAX:
        raise _too_long(len(prompt))
    if not prompt:
        raise BadPrompt("The prompt is empty. Say what you are looking for, such as “summer dress”.")
    if not any(character.isalnum() for character in prompt):
        raise BadPrompt("The prompt holds no words. Say what you are looking for, such as “summer dress”.")
    return prompt


def _is_visible(character: str) -> bool:
    return character not in _INVISIBLE and unicodedata.category(character) not in _INVISIBLE_CATEGORIES


def _too_long(length: int) -> BadPrompt:
    return BadPrompt(f"The prompt has {length} characters; at most {PROMPT_CHARACTERS_MAX} are taken. Shorten it.")
