"""The benchmark of audiobooks, on minutes in place of hours: memory does not grow with what is bound and packed."""

from __future__ import annotations

from pathlib import Path

from benchmarks.books import book_parts, bound, packed

KEPT_BYTES = 12e6
"""More than the index of an M4B of so few minutes and what an allocator keeps, less than its samples (27 MB)."""


def test_a_book_that_is_bound_or_packed_is_not_kept_in_memory(tmp_path: Path) -> None:
    parts = book_parts(tmp_path, 0.08)
    cost = bound(parts, "m4b", tmp_path / "book.m4b")
    assert cost.size_bytes > 1e6
    assert cost.extra_bytes < KEPT_BYTES
    many = packed(parts * 120)
    assert many.size_bytes > 20e6
    assert many.extra_bytes < KEPT_BYTES
