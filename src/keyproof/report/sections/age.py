"""How old a value is, as a picture: from its date to the end of its period, with the alerts before it."""

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


def age_bar(finding: Finding, record: SubjectRecord | None, rule: Rule | None, *, today: date) -> Markup:
    """The age of the secret's value against the day `finding` is due; nothing where one of them is unknown."""
    if not (record and finding.due and isinstance(record.subject, SecretMetadata)):
        return Markup()
    value = record.subject.value_date
    if not value or value.at.date() >= finding.due:
        return Markup()
    late = f"{finding.days_overdue} days overdue" if finding.days_overdue else days_left(finding, today)
    return picture(
        drawing.age_bar(
            start=value.at.date(),
            due=finding.due,
            today=today,
            rungs=_rungs(rule, finding.due - value.at.date()),
            label=f"value of {value.at.date()}, due {finding.due}, {late}",
        )
    )


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


def _rungs(rule: Rule | None, period: timedelta) -> list[int]:
    """Days before the due date at which the rule alerts, none longer than a third of the period."""
    given = overview.parameters(rule.check).get("alerts") if rule else None
    leads = [found.days for key in given if (found := lead(str(key)))] if given else list(_LADDER)
    return sorted({min(days, period.days // 3) for days in leads})
