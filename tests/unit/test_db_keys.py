"""Keys: what they look like, without a server."""

import pytest

from db import keys


@pytest.mark.parametrize(("kind", "prefix"), [("secret", "fm_sk_"), ("publishable", "fm_pk_")])
def test_a_minted_key_says_its_kind_and_is_well_formed(kind: keys.Kind, prefix: str):
    text = keys.mint(kind)

    assert text.startswith(prefix)
    assert len(text) == len(prefix) + 38
    assert keys.well_formed(text)


def test_no_two_minted_keys_are_equal():
    assert len({keys.mint("secret") for _ in range(1000)}) == 1000


def test_a_key_with_one_changed_character_is_refused():
    text = keys.mint("secret")

    changed = [
        text[:place] + ("a" if text[place] != "a" else "b") + text[place + 1 :]
        for place in range(len("fm_sk_"), len(text))
    ]

    assert not any(keys.well_formed(other) for other in changed)


def test_the_checksum_is_the_crc32_of_the_random_part():
    # The CRC32 of 32 times "0" is 0xA0F292D0.
    assert keys.well_formed("fm_sk_" + "0" * 32 + "2wjyrI")


@pytest.mark.parametrize("junk", ["", "fm_sk_", "fm_xk_" + "0" * 38, "fm_sk_" + "é" * 38, keys.mint("secret") + "\n"])
def test_junk_is_refused(junk: str):
    assert not keys.well_formed(junk)
