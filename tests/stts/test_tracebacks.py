from __future__ import annotations

import pytest

from stts.tracebacks import describe

SECRET = "Dear Anna"


def caught(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        if cause is not None:
            raise error from cause
        raise error
    except BaseException as raised:  # noqa: BLE001 - to look at it
        return raised


def test_where_and_what_kind_but_not_the_message() -> None:
    text = describe(caught(KeyError(SECRET)), with_messages=False)
    assert "test_tracebacks.py" in text
    assert text.endswith("KeyError")
    assert SECRET not in text


@pytest.mark.parametrize("error", [ModuleNotFoundError("No module named 'x'"), FileNotFoundError("x"), NameError("x")])
def test_kinds_that_speak_of_the_program_show_their_message(error: Exception) -> None:
    assert describe(caught(error), with_messages=False).endswith(str(error))


def test_the_cause_comes_first() -> None:
    text = describe(caught(RuntimeError(SECRET), caught(ValueError(SECRET))), with_messages=False)
    assert text.index("ValueError") < text.index("then:") < text.index("RuntimeError")
    assert SECRET not in text


def test_members_of_a_group_are_described() -> None:
    text = describe(caught(ExceptionGroup("several", [ValueError(SECRET), KeyError(SECRET)])), with_messages=False)
    assert "ValueError" in text
    assert "KeyError" in text
    assert SECRET not in text


def test_a_circle_of_contexts_ends() -> None:
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    assert describe(one, with_messages=False).count("ValueError") == 1


def test_a_suppressed_context_stays_out() -> None:
    error = RuntimeError()
    error.__context__ = ValueError()
    error.__suppress_context__ = True
    assert "ValueError" not in describe(error, with_messages=False)


def test_messages_where_the_operator_wants_them() -> None:
    assert SECRET in describe(caught(KeyError(SECRET)), with_messages=True)
