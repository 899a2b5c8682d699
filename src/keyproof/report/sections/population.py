"""The population of the HTML report: every subject in scope, whatever was found on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.check import SECRET_KINDS
from keyproof.domain.secret import DatedFact, SecretMetadata
from keyproof.report.overview import State
from keyproof.report.sections.rows import Row, Rows, anchor, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A subject of the population with everything found on it."""

    record: SubjectRecord
    rows: tuple[Row, ...]
    anchor: str
    """Where its row stands."""

    @property
    def first(self) -> bool:
        """Whether its findings are linked to here, and not at another sight of the same value."""
        return self.anchor == anchor(self.record.subject.id)

    @property
    def state(self) -> State | None:
        """The worst state of its findings; None when no rule selects it."""
        return min((row.state for row in self.rows), key=lambda state: state.rank, default=None)

    @property
    def tightest(self) -> Row | None:
        """The finding that falls due first."""
        dated = (row for row in self.rows if row.finding.due)
        return min(dated, key=lambda row: str(row.finding.due), default=None)

    @property
    def due(self) -> date | None:
        """When it falls due first."""
        return self.tightest.finding.due if self.tightest else None

    @property
    def bar(self) -> Markup:
        """How old its value is against that day."""
        return self.tightest.bar if self.tightest else Markup()

    @property
    def states(self) -> list[tuple[State, int]]:
        """How many findings are in each state, worst first."""
        return tally(row.state for row in self.rows)

    @property
    def value(self) -> DatedFact | None:
        """The date of its current value, for a secret."""
        return self.record.subject.value_date if isinstance(self.record.subject, SecretMetadata) else None

    @property
    def unread(self) -> Mapping[str, str]:
        """Field → why it could not be read, for a secret."""
        return self.record.subject.unread if isinstance(self.record.subject, SecretMetadata) else {}

    @property
    def kind_word(self) -> str:
        """What stands for the class of a subject that is in none."""
        kind = self.record.subject.kind
        return "unclassified" if kind in SECRET_KINDS else kind.value


def worst_first(assessment: Assessment, rows: Rows) -> list[Member]:
    """The population."""
    members = [_member(record, rows) for record in assessment.subjects]
    return sorted(members, key=lambda m: (m.state.rank if m.state else len(State), m.record.subject.id))


def _member(record: SubjectRecord, rows: Rows) -> Member:
    identifier = record.subject.id
    return Member(record=record, rows=tuple(rows.about(identifier)), anchor=rows.unique(anchor(identifier)))
