from db.breaker import REST_S_MAX, REST_S_MIN, Breaker


def test_a_closed_breaker_waits_for_nothing() -> None:
    breaker = Breaker()

    assert breaker.wait_s == 0
    assert not breaker.doubtful


def test_many_failures_of_one_outage_open_it_once() -> None:
    breaker = Breaker()

    waits = [breaker.trip() for _ in range(10)]

    assert max(waits) <= REST_S_MIN
    assert breaker.doubtful


def test_each_outage_in_a_row_doubles_the_wait_up_to_its_limit() -> None:
    breaker = Breaker()
    waits: list[float] = []

    for _ in range(8):
        waits.append(breaker.trip())
        breaker._until = 0.0  # the wait is over, nothing has worked yet

    assert waits[1] > 1.5 * waits[0]
    assert waits[-1] <= REST_S_MAX


def test_success_forgets_the_outage() -> None:
    breaker = Breaker()
    breaker.trip()

    breaker.close()

    assert breaker.wait_s == 0
    assert not breaker.doubtful
    assert breaker.trip() <= REST_S_MIN
