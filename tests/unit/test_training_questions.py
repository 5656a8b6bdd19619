from random import Random

from models.training.labels import Label, colour_truth, read_labels
from models.training.questions import answers, make_questions


def label(category: str, colour: str, noun: str) -> Label:
    return Label("train", "x.jpg", category, colour, "", "plain", "", "casual", "adult", noun)


def test_many_questions_of_a_batch_have_a_yes() -> None:
    labels = read_labels("train")[::50]

    truth = answers(labels, make_questions(labels, Random(3)))

    assert (truth.max(0).values >= 0.4).float().mean() > 0.4
    assert truth.min() == 0.0
    assert truth.max() == 1.0


def test_winter_jackets_are_those_that_keep_warm() -> None:
    batch = [label("outwear", "red", "parka"), label("outwear", "red", "windbreaker jacket")]
    rng = Random(3)

    asked = [question for _ in range(30) for question in make_questions(batch, rng) if "winter jacket" in question.text]

    assert asked
    assert {question.truth(batch[0]) for question in asked if "kids" not in question.text} == {1.0}
    assert {question.truth(batch[1]) for question in asked} == {0.0}


def test_a_second_colour_is_a_quarter_true_and_a_neighbour_less_than_half() -> None:
    navy_and_white = Label("train", "x.jpg", "shirt", "navy", "white", "striped", "", "casual", "adult", "shirt")

    truths = [colour_truth(navy_and_white, colour) for colour in ("navy", "black", "white", "red")]

    assert truths == [1.0, 0.4, 0.25, 0.0]
