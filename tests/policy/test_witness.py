"""Witnesses are true: the pattern named does match, and the plainest name is covered by its glob."""

from hypothesis import given
from hypothesis import strategies as st

from keyproof.policy.globs import Globs
from keyproof.policy.selector import (
    AllOf,
    AnyOf,
    ByAttribute,
    ByClass,
    ByName,
    ByPriority,
    ByTag,
    Everything,
    Not,
)
from keyproof.policy.witness import met_by, plainest, shadowed
from tests.fakes.secrets import secret


def _name(*patterns: str) -> ByName:
    return ByName(Globs.compile(patterns), None)


@given(st.text(alphabet="ab*?[]!-/", max_size=8))
def test_the_plainest_name_is_covered(pattern: str) -> None:
    name = plainest(pattern)
    assert name == "" or Globs.compile([pattern]).matches(name)


@given(
    st.lists(st.text(alphabet="abc*", min_size=1, max_size=4), min_size=1, max_size=3),
    st.text("abc", min_size=1),
)
def test_the_pattern_named_is_one_that_matches(patterns: list[str], name: str) -> None:
    selector = _name(*patterns)
    subject = secret(name)
    if selector.matches(subject, ""):
        named = met_by(selector, subject, "").removeprefix("name ")
        assert named in patterns
        assert Globs.compile([named]).matches(name)


def test_each_kind_of_condition_names_what_met_it() -> None:
    subject = secret("shop/openai", environment="production", priority="high", tags={"Team": "ai"})
    globs = Globs.compile(["x", "prod*"])
    assert met_by(ByAttribute("environment", globs), subject, "") == "environment prod*"
    assert met_by(ByClass(Globs.compile(["ai", "b"])), subject, "ai") == "class ai"
    assert met_by(ByPriority(Globs.compile(["low", "high"]), {}), subject, "") == "priority high"
    assert met_by(ByTag("team", Globs.compile(["ops", "a*"])), subject, "") == "tag team a*"
    assert met_by(Everything(), subject, "") == Everything().describe()
    assert met_by(Not(_name("z")), subject, "") == "not name z"
    both = AllOf((AnyOf((_name("z"), _name("*openai", "s"))), ByAttribute("environment", globs)))
    assert met_by(both, subject, "") == "name *openai and environment prod*"


def test_a_priority_of_the_class_is_named_as_that() -> None:
    selector = ByPriority(Globs.compile(["low", "crit*"]), {"ai": "critical"})
    assert met_by(selector, secret("a"), "ai") == "priority crit*"


def test_a_name_with_an_id_glob_names_the_glob_of_the_id() -> None:
    pattern = "aws-secrets-manager://*"
    selector = ByName(Globs.compile(["z", pattern]), Globs.compile([pattern]))
    assert met_by(selector, secret("a"), "") == f"name {pattern}"


def test_only_names_decide_what_shadows() -> None:
    wide, narrow = _name("*password*"), _name("*db?password*")
    assert shadowed(wide, narrow) == "dbxpassword"
    assert shadowed(narrow, wide) == ""
    tagged = AllOf((wide, ByTag("a", Globs.compile(["b"]))))
    assert shadowed(tagged, narrow) == ""
    assert shadowed(AnyOf((tagged, wide)), narrow) == "dbxpassword"
