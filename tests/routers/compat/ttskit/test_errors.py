from __future__ import annotations

import pytest

from routers.compat.ttskit.errors import render_ttskit_error
from stts.errors import STTSError


@pytest.mark.parametrize(
    ("status", "kind"), [(405, "method_not_allowed"), (415, "validation_error"), (500, "internal_error")]
)
def test_the_kind_of_an_error_is_that_of_its_status(status: int, kind: str) -> None:
    error = STTSError("x")
    error.status = status
    assert render_ttskit_error(error, "id").body == {"detail": "x", "error_type": kind, "request_id": "id"}
