"""Parts of the pages that need no browser: Node's own test runner tries them."""

from __future__ import annotations

from tests.clients_js.conftest import Node


def test_parts_of_the_page(node: Node) -> None:
    report = node("--test", "--test-reporter=tap", "page.test.mjs", "pages.test.mjs", "analytics.test.mjs")
    assert "# fail 0" in report and "# pass 0" not in report
