"""The table of coverage is true: what it names decides what it says, shown by cases that pass and cases that fail."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from keyproof import resources
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS
from tests.document import test_finding
from tests.policy.example_suites import BAD, EXAMPLES, GOOD, example_suites, held

TABLE = Path(__file__).parents[2] / "docs" / "reference" / "coverage.md"
LAST, LAST_DEMAND = 81, 59
"""Up to 59 the documents demand something; from 60 on they contradict themselves or each other."""
COMMANDS = frozenset({"policy import", "policy lint"})


@cache
def _rows() -> Mapping[int, str]:
    """Number → what answers it."""
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len({number for number, _ in rows})
    return {int(number): text for number, text in rows}


def _named(number: int) -> list[str]:
    return re.findall(r"`([^`]+)`", _rows()[number])


def _claims() -> Iterator[tuple[int, str]]:
    """Every number with every rule that is said to answer it."""
    for number in _rows():
        yield from ((number, word) for word in _named(number) if "/" in word)


@cache
def _shown() -> Mapping[tuple[int, str], frozenset[str]]:
    """Number and rule → the outcomes of the cases that say they are about that number."""
    found: dict[tuple[int, str], set[str]] = defaultdict(set)
    for rule, result in held():
        for number in result.case.covers:
            found[int(number), rule].add(result.case.expected.outcome)
    return {key: frozenset(outcomes) for key, outcomes in found.items()}


def test_no_number_is_missing() -> None:
    assert list(_rows()) == list(range(1, LAST + 1))


def test_every_case_of_the_examples_holds() -> None:
    faults = [
        f"{result.case.place.path}:{result.case.place.line}: {fault}"
        for suites in example_suites().values()
        for suite in suites
        for result in suite.results
        for fault in result.faults
    ]
    assert faults == []


@pytest.mark.parametrize(("number", "rule"), list(_claims()))
def test_a_rule_that_is_named_is_shown_met_and_not_met(number: int, rule: str) -> None:
    outcomes = _shown().get((number, rule), frozenset())
    assert outcomes & GOOD, f"no case of {rule} that covers {number} meets it"
    assert outcomes & BAD, f"no case of {rule} that covers {number} does not meet it"


def test_cases_claim_nothing_that_the_table_does_not_say() -> None:
    assert set(_shown()) - set(_claims()) == set()


@pytest.mark.parametrize("number", range(1, LAST_DEMAND + 1))
def test_every_demand_has_a_rule_that_decides_it(number: int) -> None:
    assert [word for word in _named(number) if "/" in word]


def test_everything_else_the_table_names_exists() -> None:
    rules = {
        f"{name}/{rule.rule}"
        for name, suites in example_suites().items()
        for suite in suites
        for rule in suite.coverage
    }
    for number in _rows():
        named = _named(number)
        assert named or "not covered: " in _rows()[number], number
        unknown = [word for word in named if word not in rules | COMMANDS | {*CHECKS}]
        assert unknown == [], number


def test_every_rule_of_the_examples_is_in_the_table() -> None:
    named = {rule for _, rule in _claims()}
    for name in EXAMPLES:
        packs = load_policy([name], root=Path.cwd(), checks=CHECKS).packs
        own = {f"{name}/{rule.id}" for rule in packs[0].rules if rule.id != "unclassified"}
        assert own - named == set()


def test_what_import_is_said_to_report_has_a_test_of_that_number() -> None:
    tests = [name for name in vars(test_finding.TestSourceDocuments) if name.startswith("test_item_")]
    proven = {int(number) for name in tests for number in re.findall(r"(?<=_)(\d+)(?=_)", name)}
    said = {number for number in _rows() if number > LAST_DEMAND and "policy import" in _named(number)}
    assert said - proven == set()


def test_the_folders_hold_nothing_else() -> None:
    assert sorted(path.name for path in (resources.policies() / "examples").iterdir()) == sorted(EXAMPLES)
