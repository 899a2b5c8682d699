"""What the HTML report's template asks for, read from one assessment: each section has a file of its own."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, TypeVar

from markupsafe import Markup

from keyproof.domain.assessment import Assessment
from keyproof.domain.finding import Finding
from keyproof.report import drawing, overview, permissions
from keyproof.report.drawing import Due, Window
from keyproof.report.overview import State
from keyproof.report.permissions import Rights
from keyproof.report.sections import (
    acceptances,
    ages,
    ahead,
    calendar,
    controls,
    data,
    exceptions,
    leaks,
    population,
    procedures,
    scopes,
)
from keyproof.report.sections.acceptances import Accepting, Kept
from keyproof.report.sections.age import days_left, picture
from keyproof.report.sections.ages import Band
from keyproof.report.sections.ahead import Coming
from keyproof.report.sections.controls import Catalogue
from keyproof.report.sections.exceptions import Group
from keyproof.report.sections.leaks import Exposure
from keyproof.report.sections.population import Member
from keyproof.report.sections.procedures import Procedure
from keyproof.report.sections.rows import Row, Rows, anchor
from keyproof.report.sections.scopes import Reconciled

T = TypeVar("T")
FEW = 300
"""Rows that a table holds without the script, however many tables there are."""
FIRST = 100
"""Rows of a longer table that stand there without the script."""
FIRST_OF_RULE = 20
"""The same for the failures of one rule."""


class Page:
    """Everything the template asks for; each part is worked out once, when it is asked for."""

    rows_of: ClassVar[Mapping[State, str]] = {
        state: {State.FAIL: "#exceptions", State.WAIVED: "#exceptions", State.NOT_EVALUATED: "#unjudged"}.get(
            state, "#population"
        )
        for state in State
    }
    due_words: ClassVar[Mapping[str, str]] = calendar.DUE_WORDS

    def __init__(self, assessment: Assessment) -> None:
        assessment = overview.arranged(assessment)
        self.assessment = assessment
        self.run = assessment.run
        self.headline = overview.headline(assessment)
        self.gaps = overview.gaps(assessment)
        self.scopes = assessment.scopes
        self.anchor = anchor
        self.counted = overview.counted
        self._rows = Rows(assessment)

    # The statement and the three answers

    @property
    def standing(self) -> State:
        """The shape and colour of the verdict."""
        return {
            overview.Standing.IN_ORDER: State.PASS,
            overview.Standing.NOT_KNOWN: State.NOT_EVALUATED,
            overview.Standing.NOT_IN_ORDER: State.FAIL,
        }[self.headline.standing]

    @property
    def counts(self) -> list[tuple[State, int]]:
        """The six counts of the summary."""
        return overview.counts(self.assessment.summary)

    @property
    def sources(self) -> set[str]:
        """Ids of everything that was to be read."""
        return {scope.source for scope in self.scopes}

    @property
    def scope_line(self) -> str:
        """What was to be read, by source."""
        return scopes.in_one_line(self.scopes)

    @property
    def rule_count(self) -> int:
        """Rules of all packs."""
        return len(self._rows.rules)

    @property
    def towards(self) -> str:
        """The titles of the frameworks, as a sentence holds them."""
        titles = [framework.title for framework in self.frameworks]
        return " and ".join([", ".join(titles[:-1]), titles[-1]]) if len(titles) > 1 else "".join(titles)

    @cached_property
    def worst(self) -> list[Row]:
        """Failures nobody accepted, worst first."""
        return self._rows.of(overview.exceptions(self.assessment))

    @cached_property
    def todo(self) -> list[tuple[Row, int]]:
        """The worst exception of each subject, with how many more the subject has; worst first."""
        return exceptions.first_of_each(self.worst)

    @property
    def accepted_count(self) -> int:
        """Failures a waiver or a baseline accepts."""
        return self.assessment.summary.waived

    @cached_property
    def soon(self) -> list[Row]:
        """What falls due in the next 30 days."""
        return self._rows.of(overview.due_within(self.assessment, 30))

    @cached_property
    def unjudged(self) -> list[Row]:
        """What could not be evaluated."""
        return self._rows.of(overview.unjudged(self.assessment))

    # The sections

    @property
    def sections(self) -> list[tuple[str, str, int | None]]:
        """Id, title and number of rows of each section."""
        return [
            ("controls", "Controls", len(self.assessment.controls)),
            ("exceptions", "Exceptions", len(self.worst)),
            ("calendar", "Calendar", None),
            ("forecast", "Forecast", len(self.coming)),
            ("leaks", "Leaks", len(self.leaks)),
            ("control-details", "Controls in detail", None),
            ("population", "Population", len(self.members)),
            ("waivers", "Waivers", len(self.waivers)),
            *([("baseline", "Baseline", len(self.baseline))] if self.baseline else []),
            ("scopes", "Gaps", len(self.gaps)),
            ("procedures", "Procedures", None),
        ]

    @cached_property
    def frameworks(self) -> list[Catalogue]:
        """Controls by framework, in the order of the catalogues."""
        return controls.by_framework(self.assessment, self._rows.rules.values())

    @cached_property
    def groups(self) -> list[Group]:
        """Failures by rule; the group with the worst open failure first, accepted ones last in each."""
        return exceptions.by_rule(self.assessment, self._rows)

    @cached_property
    def dues(self) -> list[tuple[Due, Row]]:
        """Every due date with its finding, soonest first."""
        return calendar.dues(self._rows.all, self.assessment.today)

    @property
    def calendar(self) -> Markup:
        """The calendar strip."""
        return calendar.strip(self.dues, self.members, self.assessment.today)

    @cached_property
    def ages(self) -> list[Band]:
        """How old the values are."""
        return ages.histogram(self.members, self.assessment.today)

    @cached_property
    def coming(self) -> list[Coming]:
        """What ends by itself in the days ahead."""
        return ahead.coming(self._rows.all, self.waivers, self.baseline, self.assessment.today)

    @property
    def coming_within(self) -> list[tuple[int, int]]:
        """How much of it, by how soon."""
        return ahead.within(self.coming, self.assessment.today)

    @cached_property
    def window(self) -> Window:
        """The time that the exposure lanes show."""
        return leaks.window(self.assessment)

    @cached_property
    def leaks(self) -> list[Exposure]:
        """Leaks with their exposure, the worst and the oldest first."""
        return leaks.exposures(self.members, self._rows, self.window)

    @cached_property
    def members(self) -> list[Member]:
        """The population, worst first."""
        return population.worst_first(self.assessment, self._rows)

    @property
    def data(self) -> Markup:
        """The population and every finding for the script."""
        return data.data(
            self.assessment,
            self._rows,
            self.members,
            self.groups,
            self.unjudged,
            (self.waivers, self.baseline),
        )

    def shown(self, rows: Sequence[T]) -> Sequence[T]:
        """What a table holds without the script: everything, or the first of very many."""
        return rows if len(rows) <= FEW else rows[:FIRST]

    def shown_of(self, group: Group) -> Sequence[Row]:
        """The same of one rule's failures, where all rules together have very many."""
        total = sum(len(one.rows) for one in self.groups)
        return group.rows if total <= FEW else group.rows[:FIRST_OF_RULE]

    def number(self, member: Member) -> int:
        """Its place in the population, by which the script finds it."""
        return self._numbers[member.anchor]

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {member.anchor: number for number, member in enumerate(self.members)}

    @cached_property
    def waivers(self) -> list[Accepting]:
        """Every waiver, those with something to do first."""
        return acceptances.waivers(self.assessment, self._rows)

    @cached_property
    def baseline(self) -> list[Kept]:
        """Every entry of the baseline, those with something to do first."""
        return acceptances.baseline(self.assessment, self._rows)

    @cached_property
    def waiver_of(self) -> Mapping[str, Accepting]:
        """Waiver by id."""
        return {one.record.waiver.id: one for one in self.waivers}

    @cached_property
    def entry_of(self) -> Mapping[str, Kept]:
        """Baseline entry by the id of its finding."""
        return {one.entry.id: one for one in self.baseline}

    @property
    def procedures(self) -> list[Procedure]:
        """Every rule with how its findings came out."""
        return procedures.every(self._rows)

    @property
    def reconciliation(self) -> list[Reconciled]:
        """Subjects read in the scopes of each source against those in the population."""
        return scopes.reconciliation(self.assessment)

    @property
    def rights(self) -> list[Rights]:
        """What each source needs, and what it lacks."""
        return permissions.of_sources(self.assessment)

    # What a row asks for

    @property
    def lane_axis(self) -> Markup:
        """The years over the exposure lanes."""
        return picture(drawing.lane_axis(self.window))

    @property
    def age_axis(self) -> Markup:
        """What stands over the age bars."""
        return picture(drawing.age_axis())

    def known(self, identifier: str) -> str:
        """The name of the subject with this id; empty when it is none of the population."""
        record = self._rows.records.get(identifier)
        return record.subject.name if record else ""

    def days_left(self, finding: Finding) -> str:
        """How long until `finding` is due."""
        return days_left(finding, self.assessment.today)
