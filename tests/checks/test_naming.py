"""Names that follow a convention."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.naming import Naming
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, row, secret, utc


def judge(name: str, /, *, tags: dict[str, str] | None = None, **parameters: Any) -> Verdict:
    return Naming.model_validate(parameters).evaluate(secret(name, tags=tags or {}), context())


@pytest.mark.parametrize(
    ("parameters", "outcome"),
    [
        ({"glob": "acme/*/openai-*"}, Outcome.PASS),
        ({"glob": ["other/*", "acme/*"]}, Outcome.PASS),
        ({"glob": "ACME/*"}, Outcome.FAIL),
        ({"pattern": "acme/(production|staging)/[a-z-]+"}, Outcome.PASS),
        ({"pattern": "acme/production"}, Outcome.FAIL),
        ({"pattern": "openai-api-key", "part": "last"}, Outcome.PASS),
        ({"glob": "openai-*", "part": "last"}, Outcome.PASS),
        ({"glob": "openai-*"}, Outcome.FAIL),
        ({"forbidden": "*-key"}, Outcome.FAIL),
        ({"forbidden": ["*-old", "test*"]}, Outcome.PASS),
        ({"glob": "acme/*", "forbidden": "*-key"}, Outcome.FAIL),
    ],
)
def test_globs_patterns_and_parts(parameters: dict[str, Any], outcome: Outcome) -> None:
    assert judge("acme/production/openai-api-key", **parameters).outcome is outcome


def test_the_reason_names_name_and_convention() -> None:
    assert judge("a", glob=["x*", "y*"]).reason == "the name 'a' is not like x* or y*"
    assert judge("a", pattern="[b-z]").reason == "the name 'a' is not of the form [b-z]"
    assert judge("a", forbidden="a").reason == "the name 'a' is like a, which is forbidden"


def test_a_name_is_no_line_of_a_pattern() -> None:
    assert judge("good\n", pattern="good").outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("prefix", "outcome"),
    [("api_live_", Outcome.PASS), ("api_test_", Outcome.FAIL), ("", Outcome.NOT_EVALUATED)],
)
def test_the_prefix_of_a_value_is_judged_where_it_is_stated(prefix: str, outcome: Outcome) -> None:
    assert judge("a", tags={"Prefix": prefix}, **{"value-prefix": "api_live_"}).outcome is outcome


def test_a_secret_without_a_name_is_not_judged() -> None:
    assert judge("", glob="*").outcome is Outcome.NOT_EVALUATED
    assert judge("folder/", glob="*", part="last").outcome is Outcome.NOT_EVALUATED


def test_what_has_no_name_in_a_backend_is_not_concerned() -> None:
    check, tables = Naming.model_validate({"glob": "x"}), context(tables=["table"])
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(secret(deletion=utc("2025-10-01")), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(row(declares=("aws://1",)), tables).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(row(), tables).outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize("parameters", [{}, {"pattern": ""}, {"glob": []}, {"part": "first", "glob": "x"}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Naming.model_validate(parameters)


def test_a_broken_pattern_is_refused_with_the_reason() -> None:
    with pytest.raises(ValidationError, match="is no regular expression: unterminated character set"):
        Naming.model_validate({"pattern": "[a-z"})
