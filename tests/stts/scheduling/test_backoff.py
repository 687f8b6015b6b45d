from stts.scheduling.backoff import Backoff


def test_the_first_failure_is_tried_again_at_once_and_each_further_one_later() -> None:
    backoff = Backoff(first=0.5, longest=3.0)
    assert backoff.wait(0.0) == 0.0
    waits = []
    for _ in range(6):
        backoff.failed(100.0)
        waits.append(backoff.wait(100.0))
    assert waits == [0.0, 0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.wait(102.0) == 1.0
    assert backoff.wait(200.0) == 0.0


def test_a_success_forgets_the_failures() -> None:
    backoff = Backoff()
    for _ in range(10_000):
        backoff.failed(0.0)
    backoff.succeeded()
    backoff.failed(0.0)
    assert backoff.wait(0.0) == 0.0
