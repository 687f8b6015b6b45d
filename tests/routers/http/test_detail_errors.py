from __future__ import annotations

from middleware.edge.problem import InvalidFields
from routers.http.detail_errors import DetailError, detail_fields, detail_text
from stts.errors import Busy, TextTooLong, UnknownVoice


def test_a_text_names_what_is_allowed() -> None:
    error = UnknownVoice("There is no such voice.", param="voice", allowed=["low", "high"])
    assert detail_text(error) == {"detail": "There is no such voice. Allowed: low, high."}
    assert detail_text(Busy("full")) == {"detail": "full"}


def test_wrong_fields_are_listed_with_their_places() -> None:
    fields = [
        {"param": "text", "message": "Field required", "code": "missing", "place": "body"},
        {"param": "items.0.text", "message": "A text is wanted", "code": "string_type", "place": "body"},
        {"param": "body", "message": "Send JSON.", "code": "missing", "place": "body"},
        {"param": "n", "message": "A number is wanted", "code": "int_parsing", "place": "query"},
    ]
    told = detail_fields(InvalidFields(fields))
    assert told["detail"][0] == {"type": "missing", "loc": ["body", "text"], "msg": "Field required"}
    assert [each["loc"] for each in told["detail"][1:]] == [["body", "items", 0, "text"], ["body"], ["query", "n"]]
    DetailError.model_validate(told)


def test_what_a_later_check_finds_in_a_field_is_listed_like_the_others() -> None:
    told = detail_fields(TextTooLong("Too long.", param="text"))
    assert told == {"detail": [{"type": "text_too_long", "loc": ["body", "text"], "msg": "Too long."}]}
    assert detail_fields(Busy("full")) == {"detail": "full"}
