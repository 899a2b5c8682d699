"""Findings as the rows of every table: with what they are about, their picture and their address in the page."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from markupsafe import Markup

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Rule
from keyproof.report import overview
from keyproof.report.overview import State
from keyproof.report.sections.age import age_bar, alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A finding as a table shows it."""

    finding: Finding
    state: State
    record: SubjectRecord | None
    ladder: tuple[int, ...]
    """Days before the due date at which its rule alerts."""
    today: date
    anchor: str
    """Its fragment: the finding's id, numbered where two detectors see one leak."""

    @property
    def bar(self) -> Markup:
        """How old the value is, drawn when it is asked for: an estate has more findings than a page has rows."""
        return age_bar(self.finding, self.record, self.ladder, today=self.today)

    @property
    def name(self) -> str:
        """What a person reads for the subject."""
        return self.record.subject.name if self.record else self.finding.subject

    @property
    def placed(self) -> str:
        """Class and environment, where there are any."""
        if not self.record:
            return ""
        return ", ".join(part for part in (self.record.secret_class, self.record.subject.environment) if part)

    @property
    def owner(self) -> str:
        """Who has to act."""
        return self.record.subject.owner if self.record else ""


class Rows:
    """Every finding of an assessment as a row, found again by its finding or by its subject."""

    def __init__(self, assessment: Assessment) -> None:
        self.records: Mapping[str, SubjectRecord] = overview.subjects_by_id(assessment)
        self.rules: Mapping[tuple[str, str], Rule] = {
            (rule.pack, rule.id): rule for pack in assessment.packs for rule in pack.rules
        }
        self._ladders: dict[tuple[str, str], tuple[int, ...]] = {}
        self._fragments: Counter[str] = Counter()
        self._rows = {id(finding): self._row(finding, assessment) for finding in assessment.findings}
        self._by_subject: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows.values():
            self._by_subject[row.finding.subject].append(row)

    @property
    def all(self) -> Iterable[Row]:
        """Every row, in the order of the findings."""
        return self._rows.values()

    def of(self, findings: Iterable[Finding]) -> list[Row]:
        """The rows of `findings`, which are the assessment's own."""
        return [self._rows[id(finding)] for finding in findings]

    def about(self, subject: str) -> Sequence[Row]:
        """The rows of one subject, the worst first."""
        return sorted(self._by_subject[subject], key=lambda row: (row.state.rank, row.finding.rule))

    def unique(self, fragment: str) -> str:
        """`fragment`, numbered where it was given before."""
        self._fragments[fragment] += 1
        number = self._fragments[fragment]
        return fragment if number == 1 else f"{fragment}-{number}"

    def _row(self, finding: Finding, assessment: Assessment) -> Row:
        record = self.records.get(finding.subject)
        return Row(
            finding=finding,
            state=overview.state_of(finding),
            record=record,
            ladder=self._ladder(finding),
            today=assessment.today,
            anchor=self.unique(finding.id),
        )

    def _ladder(self, finding: Finding) -> tuple[int, ...]:
        key = (finding.pack, finding.rule)
        if key not in self._ladders:
            self._ladders[key] = alerts(self.rules.get(key))
        return self._ladders[key]


def anchor(*parts: str) -> str:
    """A stable fragment for something whose own id no URL fragment could hold."""
    return sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:12]


def tally(states: Iterable[State]) -> list[tuple[State, int]]:
    """How many there are of each state, worst first."""
    return sorted(Counter(states).items(), key=lambda pair: pair[0].rank)
