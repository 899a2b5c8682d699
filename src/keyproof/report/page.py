"""What the HTML report shows, read from one assessment: rows, groups and pictures, without any markup of its own."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from json import dumps
from typing import ClassVar

from markupsafe import Markup

from keyproof.domain.assessment import Assessment, ControlResult, SubjectRecord
from keyproof.domain.check import SECRET_KINDS
from keyproof.domain.duration import parse_lead_time
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak, Occurrence
from keyproof.domain.policy import ControlMapping, Rule, Strength
from keyproof.domain.secret import DatedFact, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Outcome
from keyproof.report import drawing, overview
from keyproof.report.drawing import Due, Window
from keyproof.report.overview import State
from keyproof.report.visible import visible

_LADDER = (30, 7)
"""Days before the due date that alert when a rule states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A finding as a table shows it."""

    finding: Finding
    state: State
    record: SubjectRecord | None
    bar: Markup
    anchor: str
    """Its fragment: the finding's id, numbered where two detectors see one leak."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A subject of the population with everything found on it."""

    record: SubjectRecord
    rows: tuple[Row, ...]
    bar: Markup
    due: date | None
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
    def states(self) -> list[tuple[State, int]]:
        """How many findings are in each state, worst first."""
        return _tally(row.state for row in self.rows)

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
        return _tally(control.state for control in self.controls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A leak with how long it stood open."""

    leak: Leak
    member: Member
    start: date | None
    end: date | None
    lane: Markup

    @property
    def first(self) -> Occurrence:
        """Where it was introduced."""
        return min(self.leak.occurrences, key=lambda o: (o.introduced_at is None, o.introduced_at, o.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Whether a source's scopes and the population agree."""

    source: str
    read: int
    listed: int


class Page:
    """Everything the template asks for, read from one assessment."""

    rows_of: ClassVar[Mapping[State, str]] = {
        state: {State.FAIL: "#exceptions", State.WAIVED: "#exceptions", State.NOT_EVALUATED: "#unjudged"}.get(
            state, "#population"
        )
        for state in State
    }
    due_words: ClassVar[Mapping[str, str]] = {
        "late": "overdue",
        "accepted": "overdue, accepted",
        "soon": "due in 30 days",
        "later": "due later",
    }

    def __init__(self, assessment: Assessment) -> None:
        assessment = overview.arranged(assessment)
        self.assessment = assessment
        self.run = assessment.run
        self.headline = overview.headline(assessment)
        self.gaps = overview.gaps(assessment)
        self.scopes = assessment.scopes
        self.waivers = {record.waiver.id: record for record in assessment.waivers}
        self.anchor = anchor
        self.counted = overview.counted
        self._fragments: Counter[str] = Counter()
        self._records = overview.subjects_by_id(assessment)
        self._rules = {(rule.pack, rule.id): rule for pack in assessment.packs for rule in pack.rules}
        self._rows = {id(finding): self._row(finding) for finding in assessment.findings}
        self._by_subject: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows.values():
            self._by_subject[row.finding.subject].append(row)

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
        summary = self.assessment.summary
        return [
            (State.FAIL, summary.failed),
            (State.WAIVED, summary.waived),
            (State.NOT_EVALUATED, summary.not_evaluated),
            (State.MANUAL, summary.manual),
            (State.PASS, summary.passed),
            (State.NOT_APPLICABLE, summary.not_applicable),
        ]

    @property
    def sources(self) -> set[str]:
        """Ids of everything that was to be read."""
        return {scope.source for scope in self.scopes}

    @property
    def scope_line(self) -> str:
        """What was to be read, by source."""
        named: dict[str, list[str]] = defaultdict(list)
        for scope in self.scopes:
            named[scope.source].append(scope.scope)
        shown = [
            f"{source} ({', '.join(scopes) if len(scopes) < 5 else f'{len(scopes)} scopes'})"
            for source, scopes in named.items()
        ]
        return ", ".join(shown[:8]) + (f" and {len(shown) - 8} more" if len(shown) > 8 else "")

    @property
    def rule_count(self) -> int:
        """Rules of all packs."""
        return len(self._rules)

    @cached_property
    def worst(self) -> list[Row]:
        """Failures nobody accepted, worst first."""
        return [self._rows[id(finding)] for finding in overview.exceptions(self.assessment)]

    @cached_property
    def todo(self) -> list[tuple[Row, int]]:
        """The worst exception of each subject, with how many more the subject has; worst first."""
        worst: dict[str, tuple[Row, int]] = {}
        for row in self.worst:
            first, more = worst.get(row.finding.subject, (row, -1))
            worst[row.finding.subject] = (first, more + 1)
        return list(worst.values())

    @property
    def towards(self) -> str:
        """The titles of the frameworks, as a sentence holds them."""
        titles = [framework.title for framework in self.frameworks]
        return " and ".join([", ".join(titles[:-1]), titles[-1]]) if len(titles) > 1 else "".join(titles)

    @property
    def accepted_count(self) -> int:
        """Failures a waiver or a baseline accepts."""
        return self.assessment.summary.waived

    @property
    def soon(self) -> list[Row]:
        """What falls due in the next 30 days."""
        return [self._rows[id(finding)] for finding in overview.due_within(self.assessment, 30)]

    @property
    def unjudged(self) -> list[Row]:
        """What could not be evaluated."""
        return [self._rows[id(finding)] for finding in overview.unjudged(self.assessment)]

    @property
    def groups(self) -> list[Group]:
        """Failures by rule; the group with the worst open failure first, accepted ones last in each."""
        groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for finding in sorted(overview.failures(self.assessment), key=lambda f: not f.gates):
            groups[finding.pack, finding.rule].append(self._rows[id(finding)])
        return [Group(head=rows[0].finding, rows=tuple(rows)) for rows in groups.values()]

    @cached_property
    def members(self) -> list[Member]:
        """The population, worst first."""
        members = [self._member(record) for record in self.assessment.subjects]
        return sorted(members, key=lambda m: (m.state.rank if m.state else len(State), m.record.subject.id))

    @property
    def frameworks(self) -> list[Catalogue]:
        """Controls by framework, in the order of the catalogues."""
        known = {framework.id: framework for framework in self.assessment.frameworks}
        edges: dict[str, list[tuple[Rule, ControlMapping]]] = defaultdict(list)
        for rule in self._rules.values():
            for edge in rule.controls:
                edges[edge.id].append((rule, edge))
        groups: dict[str, list[Judged]] = defaultdict(list)
        for result in self.assessment.controls:
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

    @property
    def procedures(self) -> list[Procedure]:
        """Every rule with how its findings came out."""
        states: dict[tuple[str, str], list[State]] = defaultdict(list)
        for row in self._rows.values():
            states[row.finding.pack, row.finding.rule].append(row.state)
        return [Procedure(rule=rule, states=_tally(states[key])) for key, rule in sorted(self._rules.items())]

    @property
    def reconciliation(self) -> list[Reconciled]:
        """Subjects read in the scopes of each source against those in the population."""
        listed = Counter(
            record.subject.source
            for record in self.assessment.subjects
            if record.subject.kind not in {SubjectKind.REPOSITORY, SubjectKind.DOCUMENT}
        )
        read: Counter[str] = Counter()
        for scope in self.scopes:
            read[scope.source] += scope.subjects
        return [
            Reconciled(source=source, read=read[source], listed=listed[source])
            for source in sorted(self.sources | set(listed))
        ]

    @cached_property
    def leaks(self) -> list[Exposure]:
        """Leaks with their exposure, the worst and the oldest first."""
        exposures = [
            self._exposure(member, member.record.subject)
            for member in self.members
            if isinstance(member.record.subject, Leak)
        ]
        return sorted(
            exposures,
            key=lambda e: (e.member.state.rank if e.member.state else 9, str(e.start or ""), e.leak.id),
        )

    @cached_property
    def window(self) -> Window:
        """From the first introduction of a leak until today."""
        starts = [
            record.subject.introduced_at.date()
            for record in self.assessment.subjects
            if isinstance(record.subject, Leak) and record.subject.introduced_at
        ]
        today = self.assessment.today
        return Window(first=min([*starts, today - timedelta(days=30)]), last=today)

    @property
    def lane_axis(self) -> Markup:
        """The years over the exposure lanes."""
        return _picture(drawing.lane_axis(self.window))

    @property
    def age_axis(self) -> Markup:
        """What stands over the age bars."""
        return _picture(drawing.age_axis())

    @cached_property
    def dues(self) -> list[tuple[Due, Row]]:
        """Every due date with its finding, soonest first."""
        pairs = [(due, row) for row in self._rows.values() if (due := self._due(row))]
        return sorted(pairs, key=lambda pair: (pair[0].day, pair[1].finding.id))

    @property
    def calendar(self) -> Markup:
        """The calendar strip."""
        marks = [due for due, _ in self.dues]
        lanes = {due.lane for due in marks}
        for member in self.members:
            lane = self._lane_of(member.record)
            if member.value and lane in lanes:
                day = member.value.at.date()
                marks.append(Due(day=day, lane=lane, kind="set", label="", href=""))
        return _picture(drawing.calendar_strip(marks, today=self.assessment.today))

    @property
    def sections(self) -> list[tuple[str, str, int | None]]:
        """Id, title and number of rows of each section."""
        return [
            ("controls", "Controls", len(self.assessment.controls)),
            ("exceptions", "Exceptions", len(self.worst)),
            ("calendar", "Calendar", None),
            ("leaks", "Leaks", len(self.leaks)),
            ("population", "Population", len(self.members)),
            ("waivers", "Waivers", len(self.assessment.waivers)),
            ("scopes", "Gaps", len(self.gaps)),
            ("procedures", "Procedures", None),
        ]

    def known(self, identifier: str) -> str:
        """The name of the subject with this id; empty when it is none of the population."""
        record = self._records.get(identifier)
        return record.subject.name if record else ""

    def days_left(self, finding: Finding) -> str:
        """How long until `finding` is due."""
        left = (finding.due - self.assessment.today).days if finding.due else 0
        return "today" if left == 0 else f"in {left} d" if left > 0 else f"{-left} d"

    def tokens(self, row: Row) -> Markup:
        """What the filters of a finding's table go by."""
        return self._tokens([row], row.record)

    def member_tokens(self, member: Member) -> Markup:
        """What the filters of a subject's table go by."""
        return self._tokens(member.rows, member.record)

    def _tokens(self, rows: Sequence[Row], record: SubjectRecord | None) -> Markup:
        frameworks = {edge.id.partition(":")[0] for row in rows for edge in row.finding.controls}
        subject = record.subject if record else None
        values = {
            "outcome": sorted({row.state.value for row in rows}),
            "framework": sorted(frameworks),
            "severity": sorted({row.finding.severity.value for row in rows if row.state is State.FAIL}),
            "owner": [subject.owner if subject else ""],
            "environment": [subject.environment if subject else ""],
            "source": [subject.source if subject else ""],
        }
        return Markup(" ").join(
            Markup('data-{}="{}"').format(name, "|".join(given)) for name, given in values.items()
        )

    def _unique(self, fragment: str) -> str:
        self._fragments[fragment] += 1
        number = self._fragments[fragment]
        return fragment if number == 1 else f"{fragment}-{number}"

    def _row(self, finding: Finding) -> Row:
        record = self._records.get(finding.subject)
        return Row(
            finding=finding,
            state=overview.state_of(finding),
            record=record,
            bar=self._bar(finding, record),
            anchor=self._unique(finding.id),
        )

    def _member(self, record: SubjectRecord) -> Member:
        rows = sorted(self._by_subject[record.subject.id], key=lambda row: (row.state.rank, row.finding.rule))
        dated = [row for row in rows if row.finding.due]
        tightest = min(dated, key=lambda row: str(row.finding.due), default=None)
        return Member(
            record=record,
            rows=tuple(rows),
            bar=tightest.bar if tightest else Markup(),
            due=tightest.finding.due if tightest else None,
            anchor=self._unique(anchor(record.subject.id)),
        )

    def _bar(self, finding: Finding, record: SubjectRecord | None) -> Markup:
        if not (record and finding.due and isinstance(record.subject, SecretMetadata)):
            return Markup()
        value = record.subject.value_date
        if not value or value.at.date() >= finding.due:
            return Markup()
        late = f"{finding.days_overdue} days overdue" if finding.days_overdue else self.days_left(finding)
        return _picture(
            drawing.age_bar(
                start=value.at.date(),
                due=finding.due,
                today=self.assessment.today,
                rungs=_rungs(self._rules.get((finding.pack, finding.rule)), finding.due - value.at.date()),
                label=f"value of {value.at.date()}, due {finding.due}, {late}",
            )
        )

    def _lane_of(self, record: SubjectRecord | None) -> str:
        if record is None:
            return "unclassified"
        match record.subject:
            case Leak():
                return "leaked values"
            case SecretMetadata():
                return record.secret_class or "unclassified"
            case _:
                return "policies"

    def _due(self, row: Row) -> Due | None:
        finding = row.finding
        if finding.due is None:
            return None
        left = (finding.due - self.assessment.today).days
        kind = "soon" if left <= 30 else "later"
        if left < 0 and row.state in {State.FAIL, State.WAIVED}:
            kind = "late" if row.state is State.FAIL else "accepted"
        label = f"{visible(row.name)}: {self.due_words[kind]}, {finding.due}"
        href = f"#finding-{row.anchor}"
        return Due(day=finding.due, lane=self._lane_of(row.record), kind=kind, label=label, href=href)

    def _exposure(self, member: Member, leak: Leak) -> Exposure:
        removals = [place.removed_at for place in leak.occurrences]
        gone = max((day for day in removals if day), default=None) if all(removals) else None
        start = leak.introduced_at.date() if leak.introduced_at else None
        end = gone.date() if gone else None
        marks = self._marks(leak, member.rows)
        words = [f"introduced {start or 'outside history'}", f"removed {end}" if end else "still stands"]
        words += [f"{name} {day}" for name, day in sorted(marks.items())]
        lane = drawing.exposure_lane(
            window=self.window,
            start=start or self.window.last,
            end=end,
            marks=marks,
            failing=member.state is State.FAIL,
            label=", ".join(words),
        )
        return Exposure(leak=leak, member=member, start=start, end=end, lane=_picture(lane))

    def _marks(self, leak: Leak, rows: Iterable[Row]) -> dict[str, date]:
        """When the leaked secret was replaced and until when it had to be, where a rule judged that."""
        marks: dict[str, date] = {}
        for finding in (row.finding for row in rows if row.finding.check == "rotated-after-leak"):
            rule = self._rules.get((finding.pack, finding.rule))
            given = overview.parameters(rule.check) if rule else {}
            start = leak.detected_at if given.get("from") == "detection" else leak.introduced_at
            if start and (lead := _lead(str(given.get("deadline", "")))):
                marks["deadline"] = (start + lead).date()
            values = [
                secret.value_date.at
                for fact in finding.evidence
                if (record := self._records.get(fact.name))
                and isinstance(secret := record.subject, SecretMetadata)
                and secret.value_date
            ]
            if leak.introduced_at and any(value > leak.introduced_at for value in values):
                marks["rotated"] = max(values).date()
        return marks


def anchor(*parts: str) -> str:
    """A stable fragment for something whose own id no URL fragment could hold."""
    return sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:12]


def _tally(states: Iterable[State]) -> list[tuple[State, int]]:
    return sorted(Counter(states).items(), key=lambda pair: pair[0].rank)


def _rungs(rule: Rule | None, period: timedelta) -> list[int]:
    """Days before the due date at which the rule alerts, none longer than a third of the period."""
    given = overview.parameters(rule.check).get("alerts") if rule else None
    leads = [lead.days for key in given if (lead := _lead(str(key)))] if given else list(_LADDER)
    return sorted({min(days, period.days // 3) for days in leads})


def _lead(text: str) -> timedelta | None:
    """A span of time as a rule's parameter states it; None for none, and for the day itself."""
    try:
        return parse_lead_time(text).span or None
    except ValueError:
        return None


def _picture(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 (drawing escapes the text it is given)
