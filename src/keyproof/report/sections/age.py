"""How old a value is, as a picture: from its date to the end of its period, with the alerts before it."""

from collections.abc import Iterable
from datetime import date, timedelta

from markupsafe import Markup

from keyproof.domain.assessment import SubjectRecord
from keyproof.domain.duration import parse_lead_time
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Rule
from keyproof.domain.secret import SecretMetadata
from keyproof.report import drawing, overview

_LADDER = (30, 7)
"""Days before the due date that alert when a rule states none."""


def age_bar(finding: Finding, record: SubjectRecord | None, ladder: Iterable[int], *, today: date) -> Markup:
    """The age of the secret's value against the day `finding` is due; nothing where one of them is unknown.

    `ladder` holds the days before it that alert.
    """
    start = value_day(finding, record)
    if start is None or finding.due is None:
        return Markup()
    late = f"{finding.days_overdue} days overdue" if finding.days_overdue else days_left(finding, today)
    return picture(
        drawing.age_bar(
            start=start,
            due=finding.due,
            today=today,
            rungs=rungs(ladder, finding.due - start),
            label=f"value of {start}, due {finding.due}, {late}",
        )
    )


def value_day(finding: Finding, record: SubjectRecord | None) -> date | None:
    """The day a bar begins: that of the secret's value, where it lies before the due date."""
    if not (record and finding.due and isinstance(record.subject, SecretMetadata)):
        return None
    value = record.subject.value_date
    return value.at.date() if value and value.at.date() < finding.due else None


def days_left(finding: Finding, today: date) -> str:
    """How long until `finding` is due."""
    left = (finding.due - today).days if finding.due else 0
    return "today" if left == 0 else f"in {left} d" if left > 0 else f"{-left} d"


def lead(text: str) -> timedelta | None:
    """A span of time as a rule's parameter states it; None for none, and for the day itself."""
    try:
        return parse_lead_time(text).span or None
    except ValueError:
        return None


def picture(svg: str) -> Markup:
    """What `drawing` made, as markup."""
    return Markup(svg)  # noqa: S704 (drawing escapes the text it is given)


def alerts(rule: Rule | None) -> tuple[int, ...]:
    """Days before the due date at which the rule alerts."""
    given = overview.parameters(rule.check).get("alerts") if rule else None
    leads = [found.days for key in given if (found := lead(str(key)))] if given else _LADDER
    return tuple(leads)


def rungs(ladder: Iterable[int], period: timedelta) -> tuple[int, ...]:
    """The same within `period`, none longer than a third of it."""
    return tuple(sorted({min(days, period.days // 3) for days in ladder}))
