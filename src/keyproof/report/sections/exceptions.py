"""The failures of the HTML report, rule by rule, and what has to be done first."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from keyproof.domain.assessment import Assessment
from keyproof.domain.finding import Finding
from keyproof.report import overview
from keyproof.report.overview import State
from keyproof.report.sections.rows import Row, Rows, anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The failures of one rule."""

    head: Finding
    rows: tuple[Row, ...]

    @property
    def anchor(self) -> str:
        """Shared by the group and by its procedure."""
        return anchor(self.head.pack, self.head.rule)

    @property
    def dated(self) -> bool:
        """Whether any of them has a due date to show."""
        return any(row.finding.due for row in self.rows)

    @property
    def open(self) -> int:
        """Failures nobody accepted."""
        return sum(row.state is State.FAIL for row in self.rows)

    @property
    def accepted(self) -> int:
        """Failures a waiver or a baseline accepts."""
        return len(self.rows) - self.open


def by_rule(assessment: Assessment, rows: Rows) -> list[Group]:
    """Failures by rule; the group with the worst open failure first, accepted ones last in each."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows.of(sorted(overview.failures(assessment), key=lambda finding: not finding.gates)):
        groups[row.finding.pack, row.finding.rule].append(row)
    return [Group(head=found[0].finding, rows=tuple(found)) for found in groups.values()]


def first_of_each(worst: Iterable[Row]) -> list[tuple[Row, int]]:
    """The first row of each subject, with how many more the subject has."""
    first: dict[str, tuple[Row, int]] = {}
    for row in worst:
        seen, more = first.get(row.finding.subject, (row, -1))
        first[row.finding.subject] = (seen, more + 1)
    return list(first.values())
