"""What `user_config` may say of batches."""

import pytest
from pydantic import ValidationError

from deployments.clip import Ladder


@pytest.mark.parametrize(
    ("said", "largest", "sizes"),
    [
        ({"batches": [1, 4, 16, 64]}, 64, (1, 4, 16, 64)),
        ({"batches": [1, 4, 16, 64]}, 32, (1, 4, 16, 32)),
        ({"batches": [8, 2]}, 32, (2, 8, 32)),
        ({"batches": [128]}, 32, (32,)),
        ({"batches": []}, 32, (32,)),
    ],
)
def test_a_ladder_rises_to_the_largest_batch(said: dict[str, object], largest: int, sizes: tuple[int, ...]) -> None:
    assert Ladder.model_validate(said).sizes(largest) == sizes


@pytest.mark.parametrize("said", [{}, {"batches": [0]}, {"batches": "many"}, {"batch": [1]}])
def test_another_ladder_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Ladder.model_validate(said)
