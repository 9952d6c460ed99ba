"""Path globs, as the language describes them; and two readings of each pattern that must agree."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.search.language.paths import framed, glob_expression, literals, path_matches

FOUND = [
    ("*", "a/b.md"),
    ("*.md", "a/b/c.md"),
    ("report.md", "a/b/report.md"),
    ("/report.md", "report.md"),
    ("docs", "docs/a/b.md"),
    ("docs", "x/docs/y"),
    ("docs/", "x/docs/y/z"),
    ("docs/*", "docs/a.md"),
    ("/docs/", "docs/a"),
    ("docs/guides", "docs/guides/a/b.md"),
    ("a/**", "a/x/y"),
    ("a/**/b", "a/b"),
    ("a/**/b", "a/x/y/b/q"),
    ("**/x", "p/q/x"),
    ("**", "a/b"),
    ("/", "a/b"),
    ("a?c", "abc"),
    ("[a-c]1", "b1"),
    ("[!a]1", "b1"),
    ("[]a]", "]"),
    ("a[b", "a[b"),
    (r"a\*b", "a*b"),
    ("a*b*c.md", "axxbyybc.md"),
    ("*.md", "/leading/slash.md"),
]
NOT_FOUND = [
    ("*", ""),
    ("/report.md", "a/report.md"),
    ("docs/*", "docs/a/b.md"),
    ("docs/", "docs"),
    ("docs/a", "x/docs/a"),
    ("*.md", "a.mdx"),
    ("A.md", "a.md"),
    ("a?c", "a/c"),
    ("[!a]b", "/b"),
    ("[.-0]b", "x/b/"),
    (r"a\*b", "axb"),
    ("a/**", "a"),
    ("**/x", "p/xy"),
]


@pytest.mark.parametrize(("pattern", "path"), FOUND)
def test_found(pattern: str, path: str) -> None:
    assert path_matches(pattern, path)


@pytest.mark.parametrize(("pattern", "path"), NOT_FOUND)
def test_not_found(pattern: str, path: str) -> None:
    assert not path_matches(pattern, path)


@given(st.text(alphabet="ab*?[]!-/\\.^", min_size=1, max_size=12), st.text(alphabet="ab/.-]", min_size=1, max_size=8))
def test_the_automaton_and_the_atomic_reading_agree(pattern: str, path: str) -> None:
    path = path.lstrip("/")
    expected = bool(path) and re.fullmatch(glob_expression(pattern), path) is not None
    assert path_matches(pattern, path) == expected


folders = st.lists(st.sampled_from(["**", "a", "b", "*", "a*", "*b", "?", "[ab]"]), min_size=1, max_size=7)
ends = st.sampled_from(["", "/"])


@given(ends, folders, ends, st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=7))
def test_both_readings_agree_about_folders_at_any_depth(
    start: str, parts: list[str], end: str, path: list[str]
) -> None:
    pattern = start + "/".join(parts) + end
    expected = re.fullmatch(glob_expression(pattern), "/".join(path)) is not None
    assert path_matches(pattern, "/".join(path)) == expected


pieces = st.sampled_from(["a", "b", "ab", ".", "*", "?", "/", "/", "**", "/**/", "[ab]", "[!a]", "[", "\\\\", "\n"])


@given(st.lists(pieces, max_size=8).map("".join), st.text(alphabet="ab/.[\\\n", min_size=1, max_size=8))
def test_what_is_literal_in_a_glob_is_in_every_path_that_it_finds(pattern: str, path: str) -> None:
    path = path.lstrip("/")
    if path_matches(pattern, path):
        assert all(stretch in framed(path) for stretch in literals(pattern))


@pytest.mark.parametrize(
    ("pattern", "stretches"),
    [
        ("*.md", [".md/"]),
        ("report.md", ["/report.md/"]),
        ("/report.md", ["\n/report.md/"]),
        ("a/b/*.md", ["\n/a/b/", ".md/"]),
        ("**/a/**/b/", ["/a/", "/b/"]),
        ("a/b*c?d[ef]g/*", ["\n/a/b", "c", "d", "g/"]),
        ("a\\*[b", ["/a*[b/"]),
        ("*", []),
        ("**", []),
        ("/", []),
    ],
)
def test_what_is_literal_in_a_glob(pattern: str, stretches: list[str]) -> None:
    assert literals(pattern) == stretches


def test_no_pattern_is_slow() -> None:
    began = time.perf_counter()
    path_matches("*a" * 60 + "b", "a" * 500)
    path_matches("**/a/**/b/**/c/**/d", "a/" * 150)
    path_matches("**/a/" * 4 + "x", "a/" * 500)
    path_matches("**/*a*/" * 4 + "x*y", "aa/" * 300)
    assert time.perf_counter() - began < 2
