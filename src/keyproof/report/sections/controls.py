"""The controls of the HTML report: each framework's, with the procedures that give evidence for them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from keyproof.domain.assessment import Assessment, ControlResult
from keyproof.domain.policy import ControlMapping, Rule, Strength
from keyproof.domain.verdict import Outcome
from keyproof.report.overview import State
from keyproof.report.sections.rows import anchor, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A control with the procedures that give evidence for it."""

    result: ControlResult
    procedures: tuple[tuple[Rule, ControlMapping], ...]

    @property
    def anchor(self) -> str:
        """Where its row stands."""
        return anchor(self.result.control.id)

    @property
    def short(self) -> str:
        """Its number within the framework."""
        return self.result.control.id.partition(":")[2]

    @property
    def by_condition(self) -> list[tuple[str, list[tuple[Rule, ControlMapping]]]]:
        """The procedures by what has to hold for their evidence to count; those on no condition come first."""
        groups: dict[str, list[tuple[Rule, ControlMapping]]] = {}
        for rule, edge in sorted(self.procedures, key=lambda procedure: bool(procedure[1].preconditions)):
            groups.setdefault(edge.preconditions, []).append((rule, edge))
        return list(groups.items())

    @property
    def counts(self) -> list[tuple[State, int]]:
        """How many findings are in each state."""
        return [(state, self.result.counts.get(state.value.replace("-", "_"), 0)) for state in State]

    @property
    def state(self) -> State:
        """The outcome, with failures that are all accepted told apart."""
        if self.result.outcome is Outcome.FAIL and not self.result.counts.get("fail"):
            return State.WAIVED
        return State(self.result.outcome.value)

    @property
    def strength(self) -> Strength | None:
        """The best evidence any of its rules can give; None without rules."""
        given = {edge.strength for _, edge in self.procedures}
        return next((strength for strength in Strength if strength in given), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """A framework with its judged controls."""

    id: str
    title: str
    edition: str
    controls: tuple[Judged, ...]

    @property
    def tally(self) -> list[tuple[State, int]]:
        """How many controls are in each state."""
        return tally(control.state for control in self.controls)


def by_framework(assessment: Assessment, rules: Iterable[Rule]) -> list[Catalogue]:
    """Controls by framework, in the order of the catalogues."""
    known = {framework.id: framework for framework in assessment.frameworks}
    edges: dict[str, list[tuple[Rule, ControlMapping]]] = defaultdict(list)
    for rule in rules:
        for edge in rule.controls:
            edges[edge.id].append((rule, edge))
    groups: dict[str, list[Judged]] = defaultdict(list)
    for result in assessment.controls:
        procedures = tuple(edges[result.control.id])
        groups[result.control.framework].append(Judged(result=result, procedures=procedures))
    return [
        Catalogue(
            id=name,
            title=known[name].title if name in known else name,
            edition=known[name].edition if name in known else "",
            controls=tuple(controls),
        )
        for name, controls in groups.items()
    ]
