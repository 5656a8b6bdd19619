"""CLIP's byte-pair tokenizer with the first merges of its vocabulary.

`bpe_merges.txt` holds the first 6,000 lines of OpenAI CLIP's `bpe_simple_vocab_16e6.txt` (MIT), so the ids of the
pieces that are kept equal CLIP's own; begin and end of text follow them.
"""

from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

MERGES_TXT = Path(__file__).with_name("bpe_merges.txt")
CONTEXT_LENGTH = 77
BOS, EOS = "<|startoftext|>", "<|endoftext|>"

_WORDS = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""


def build_tokenizer(merges_txt: Path = MERGES_TXT) -> Tokenizer:
    """Adds begin and end, truncates nothing and pads nothing: both are the caller's choice."""
    merges = [_pair(line) for line in merges_txt.read_text(encoding="utf-8").splitlines()]
    vocabulary = _vocabulary(merges)
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary, merges=merges, continuing_subword_prefix="", end_of_word_suffix="</w>", unk_token=EOS
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([BOS, EOS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}", special_tokens=[(BOS, vocabulary[BOS]), (EOS, vocabulary[EOS])]
    )
    return tokenizer


def _pair(line: str) -> tuple[str, str]:
    left, right = line.split()
    return left, right


def _vocabulary(merges: list[tuple[str, str]]) -> dict[str, int]:
    """CLIP's order: bytes, bytes that end a word, merges, begin, end."""
    letters = _byte_letters()
    pieces = [*letters, *(letter + "</w>" for letter in letters), *(left + right for left, right in merges), BOS, EOS]
    return {piece: index for index, piece in enumerate(pieces)}


def _byte_letters() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes: printable ones first, the others from U+0100 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [*(chr(byte) for byte in printable), *(chr(256 + index) for index in range(256 - len(printable)))]
