"""A prefilter matches wherever its pattern does, and both engines read it."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.leaks.detection.detector import Detector, Prefilter
from keyproof.leaks.detection.engine import HyperscanEngine, RegexEngine, compile_database
from keyproof.leaks.detection.prefilter import derive, width


@pytest.mark.parametrize(
    ("pattern", "expression", "literals"),
    [
        (r"\bghp_[A-Za-z0-9]{36}\b", r"ghp\x5f[A-Za-z0-9]{36}", ("ghp_",)),
        (r"key-[a-z]{20,90}(?![a-z])", r"key\x2d[a-z]{20}", ("key-",)),
        (r"(?:my)?[_-]{0,3}token=(?P<secret>\w+)", r"token\x3d(?:[\w])", ("token=",)),
        (r"(?:sk|rk)_live_(?:x|y)?", r"(?:sk|rk)\x5flive\x5f", ("_live_",)),
        (r"(?P<q>[\"'])token(?P=q):\s*end", r"(?:[\x22\x27])token", ("token",)),
        (r"(?P<q>[\"'])x(?P=q):\s*longer", r"\x3a[\s]{0,}longer", ("longer",)),
        (r"secret[^\"]*[^\"]", "secret", ("secret",)),
        (r"a.{0,500}b", r"a.{0,}b", ("a",)),
        (r"a.{2,9}?b{3}", r"a.{2,9}b{3}", ("a",)),
        (r"(?i:ab)(?-i:cd)", "(?i:ab)(?-i:cd)", ("ab",)),
        (r"x[^a]y\Sz", r"x[^a]y[\S]z", ("x",)),
        (r"(?>ab)c", "(?>ab)c".replace("?>", "?:"), ("c",)),
    ],
)
def test_derivation(pattern: str, expression: str, literals: tuple[str, ...]) -> None:
    assert derive(pattern) == Prefilter(expression=expression, caseless=False, literals=literals)


def test_case_is_carried_over() -> None:
    assert derive("(?i)Token").caseless
    assert derive("Token", re.IGNORECASE).caseless


@pytest.mark.parametrize("pattern", ["", "(abc)?", r"\b", "(?=abc)"])
def test_what_may_be_empty_has_no_prefilter(pattern: str) -> None:
    with pytest.raises(re.error):
        derive(pattern)


def test_width_is_the_longest_match() -> None:
    assert width(r"ab{2,5}(?:cde)?") == 9


_ATOMS = st.sampled_from(
    ["ab", "[ab]", "[^a]", "b", r"\d", "a{2}", "b{1,3}", "a?", "[ab]*", r"\b", "(?!b)", "(?<=a)"]
)
_PATTERNS = st.recursive(
    st.lists(_ATOMS, min_size=1, max_size=4).map("".join),
    lambda inner: (
        st.tuples(inner, inner).map("(?:%s|%s)".__mod__)
        | inner.map("(?:%s){1,2}".__mod__)
        | inner.map("(%s)".__mod__)
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(_PATTERNS, st.text("ab1\n", max_size=14))
def test_wherever_the_pattern_matches_the_prefilter_does(pattern: str, text: str) -> None:
    try:
        prefilter = derive(pattern)
    except re.error:
        return
    content = text.encode()
    for match in re.finditer(pattern.encode(), content):
        part = content[match.start() : match.end()]
        assert re.search(prefilter.expression.encode(), part)
        if prefilter.literals:
            assert any(literal.encode() in part for literal in prefilter.literals)


@settings(max_examples=100, deadline=None)
@given(st.lists(_PATTERNS, min_size=1, max_size=3), st.text("ab1", max_size=30))
def test_both_engines_agree_on_which_prefilters_hit(patterns: list[str], text: str) -> None:
    prefilters = []
    for pattern in patterns:
        try:
            prefilters.append(derive(pattern))
        except re.error:
            continue
    if not prefilters:
        return
    content = text.encode()
    fast = HyperscanEngine.load(compile_database(prefilters)).hits(content)
    plain = RegexEngine(prefilters).hits(content)
    assert {index for index, _ in fast} == {index for index, _ in plain}
    assert set(plain) <= set(fast)


def test_every_shipped_prefilter_is_led_by_a_literal(detectors: Sequence[Detector]) -> None:
    bare = {one.id for one in detectors if min(map(len, one.prefilter.literals)) < 2}
    assert bare == {"discord-bot-token"}  # its parts are Base64 of numbers, joined by dots
