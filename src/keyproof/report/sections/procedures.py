"""The procedures of the HTML report: every rule as it was applied, with how its findings came out."""

from collections import defaultdict
from dataclasses import dataclass
from json import dumps

from keyproof.domain.policy import Rule
from keyproof.report import overview
from keyproof.report.overview import State
from keyproof.report.sections.rows import Rows, anchor, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A rule as it was applied, with how its findings came out."""

    rule: Rule
    states: list[tuple[State, int]]

    @property
    def anchor(self) -> str:
        """Shared by the procedure and by the group of its failures."""
        return anchor(self.rule.pack, self.rule.id)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Name and value as YAML would hold them."""
        given = overview.parameters(self.rule.check)
        return [
            (name, value if isinstance(value, str) else dumps(value, ensure_ascii=False))
            for name, value in given.items()
        ]


def every(rows: Rows) -> list[Procedure]:
    """Every rule of every pack, sorted by pack and id."""
    states: dict[tuple[str, str], list[State]] = defaultdict(list)
    for row in rows.all:
        states[row.finding.pack, row.finding.rule].append(row.state)
    return [Procedure(rule=rule, states=tally(states[key])) for key, rule in sorted(rows.rules.items())]
