"""Ids."""

from db.ids import new_id


def test_ids_sort_by_the_time_they_were_made():
    made = [new_id() for _ in range(1000)]

    assert made == sorted(made)
    assert {one.version for one in made} == {7}
