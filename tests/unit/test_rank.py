"""From compared photos to recommended products."""

from models.rank import Scored, best


def scored(*entries: tuple[str, str, float]) -> list[Scored[str, str]]:
    return [Scored(photo, product, similarity) for photo, product, similarity in entries]


def test_each_product_is_shown_by_its_most_similar_photo() -> None:
    found = best(scored(("back", "dress", 0.2), ("front", "dress", 0.9), ("only", "shoe", 0.5)), 10)

    assert found == scored(("front", "dress", 0.9), ("only", "shoe", 0.5))


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    found = best(scored(("a", "1", 0.1), ("b", "2", 0.3), ("c", "3", 0.2), ("d", "4", -0.4)), 3)

    assert [one.product for one in found] == ["2", "3", "1"]


def test_several_photos_of_one_product_never_crowd_out_another() -> None:
    found = best(scored(("a", "1", 0.9), ("b", "1", 0.8), ("c", "1", 0.7), ("d", "2", 0.1)), 2)

    assert [one.product for one in found] == ["1", "2"]


def test_what_is_below_the_wanted_score_is_left_out() -> None:
    found = best(scored(("a", "1", 0.30), ("b", "2", 0.25), ("c", "3", 0.24)), 10, min_score=0.25)

    assert [one.product for one in found] == ["1", "2"]


def test_a_group_of_variants_is_shown_once_and_products_without_a_group_all() -> None:
    groups = {"red dress": "dress", "blue dress": "dress"}
    entries = scored(("a", "red dress", 0.9), ("b", "blue dress", 0.8), ("c", "hat", 0.7), ("d", "scarf", 0.6))

    found = best(entries, 10, group_of=groups.get)

    assert [one.product for one in found] == ["red dress", "hat", "scarf"]


def test_a_group_named_like_a_product_hides_nothing() -> None:
    found = best(scored(("a", "hat", 0.9), ("b", "cap", 0.8)), 10, group_of={"cap": "hat"}.get)

    assert [one.product for one in found] == ["hat", "cap"]


def test_equal_similarities_keep_their_order_and_a_missing_one_does_not_disturb_it() -> None:
    entries = scored(("a", "1", 0.5), ("x", "9", float("nan")), ("b", "2", 0.5), ("c", "3", 0.7))

    assert [one.product for one in best(entries, 10)] == ["3", "1", "2"]


def test_nothing_compared_gives_nothing() -> None:
    assert best(scored(), 10) == []
    assert best(scored(("a", "1", 0.5)), 0) == []
