from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from routers.http.names import EngineName, LanguageTag, VoiceName
from stts.engine_state import AUTO


class Wishes(BaseModel):
    language: LanguageTag = None
    voice: VoiceName = None
    engine: EngineName = AUTO


NOT_GIVEN: list[Any] = [None, "", "  ", "auto", "AUTO", [], [""], [None]]


@pytest.mark.parametrize("value", NOT_GIVEN)
def test_what_is_not_given(value: Any) -> None:
    options = Wishes(language=value, voice=value, engine=value)
    assert (options.language, options.voice, options.engine) == (None, None, AUTO)


@pytest.mark.parametrize("value", [" low ", ["low"], {"id": "low"}, {"name": "low"}, [{"id": "low"}]])
def test_a_name_in_any_container(value: Any) -> None:
    assert Wishes(voice=value).voice == "low"
    assert Wishes(engine=value).engine == "low"


def test_a_language_in_any_form() -> None:
    assert Wishes(language=["English"]).language == "en"
    assert Wishes(language="EN_us").language == "en-US"


@pytest.mark.parametrize("value", [5, True, ["a", "b"], {"colour": "red"}, "x" * 201])
def test_what_is_no_name_is_refused_by_its_field(value: Any) -> None:
    for field in ("language", "voice", "engine"):
        with pytest.raises(ValidationError) as refused:
            Wishes.model_validate({field: value})
        assert refused.value.errors()[0]["loc"][0] == field
