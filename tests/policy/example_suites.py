"""The cases of the five example organisations, run once for all tests that look at them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from keyproof import resources
from keyproof.app.cases import run_suite
from keyproof.domain.case import CaseResult, SuiteResult
from keyproof.policy.cases import load_suites
from keyproof.wiring.catalog import CHECKS

EXAMPLES = (
    "content-platform",
    "sports-simulation",
    "assistant-service",
    "customer-intelligence",
    "management-app",
)
GOOD = frozenset({"pass", "manual"})
"""Outcomes where a rule is met, by what was seen or by what people attest."""
BAD = frozenset({"fail", "not-evaluated"})
"""Outcomes where it is not, or where nobody can say so: never taken for met."""


@cache
def example_suites() -> Mapping[str, tuple[SuiteResult, ...]]:
    """Example → the results of all test files in its folder."""
    folder = resources.policies() / "examples"
    return {
        name: tuple(
            run_suite(suite)
            for suite in load_suites(
                [str(path) for path in sorted((folder / name).glob("*.test.yaml"))],
                root=Path.cwd(),
                checks=CHECKS,
            )
        )
        for name in EXAMPLES
    }


def held() -> tuple[tuple[str, CaseResult], ...]:
    """`example/rule` with every case of it that came out as it says."""
    return tuple(
        (f"{name}/{result.case.rule}", result)
        for name, suites in example_suites().items()
        for suite in suites
        for result in suite.results
        if not result.faults
    )
