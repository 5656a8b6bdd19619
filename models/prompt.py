"""The words a shopper types."""

PROMPT_CHARACTERS_MAX = 1000


class BadPrompt(Exception):
    """Nothing to search for, or too long; the message says so."""


def clean(text: str) -> str:
    """NFC, without control, bidi and zero-width characters, white space folded. Raises BadPrompt (empty, symbols only, too long)."""
    raise NotImplementedError
