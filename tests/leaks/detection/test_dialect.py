"""Expressions of other engines mean the same once they are rewritten for `re`."""

import re

import pytest

from keyproof.leaks.detection.dialect import Rewriter, count_groups


@pytest.mark.parametrize(
    ("pattern", "found", "not_found"),
    [
        ("(?i)abc", "ABC", "ABD"),
        ("a(?i)b", "aB", "AB"),
        ("a(?i)b|c", "C", "A"),
        ("(?:a(?i)b)c", "aBc", "aBC"),
        ("a(?-i:b)", "ab", "aB"),
        (r"x\z", "ax", "xa"),
        ("[[:alnum:]_]+!", "aZ9_!", "-!"),
        (r"\x{41}b", "Ab", "ab"),
        (r"[\x{41}-C]b", "Bb", "Db"),
        ("(?<token>ab)", "ab", "b"),
        ("(?x) a b # c\n d", "abd", "a b"),
        (r"(?x) a\ b [ c d ]", "a bc", "a b "),
        ("(?x: a b )c d", "abc d", "abcd"),
        ("(?s)a.b", "a\nb", "ab"),
        ("(?#note)a(?=b)", "ab", "ac"),
        (r"\-\/\'a", "-/'a", "a"),
        ("[]a]b", "]b", "cb"),
        ("[^[:digit:]]x", "ax", "1x"),
        ("(?i)(?x) a B", "Ab", "a b"),
        (r"a\hb", "a\tb", "ahb"),
    ],
)
def test_it_means_the_same(pattern: str, found: str, not_found: str) -> None:
    compiled = re.compile(Rewriter(pattern).rewrite())
    assert compiled.search(found)
    assert not compiled.search(not_found)


@pytest.mark.parametrize("secret", [2, "name"])
def test_the_chosen_group_is_the_secret(secret: int | str) -> None:
    compiled = re.compile(Rewriter("(a)(?P<name>b)", secret=secret).rewrite())
    match = compiled.search("ab")
    assert match is not None
    assert match["secret"] == "b"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\p{L}", "has no counterpart"),
        (r"[\pL]", "has no counterpart"),
        ("[[:^alpha:]]", "has no counterpart"),
        ("[a&&b]", "set operations"),
        ("[a[b]]", "a class within a class"),
        ("[ab", "not closed"),
        ("(a", "not closed"),
        ("a)", "not opened"),
        ("(?U)a", "swapped greediness"),
        ("(?&x)", "is unknown"),
    ],
)
def test_what_cannot_be_said_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Rewriter(pattern).rewrite()


def test_groups_are_counted_with_their_names() -> None:
    assert count_groups("(a)(?:b)(?P<c>d)(?i)") == (2, ["", "c"])
