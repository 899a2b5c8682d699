"""The age histogram of the HTML report: how old the values of the secrets are, and how many are overdue."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from keyproof.domain.secret import SecretMetadata
from keyproof.report import drawing
from keyproof.report.overview import State
from keyproof.report.sections.age import picture
from keyproof.report.sections.population import Member

_ENDS = ((30, "up to 30 days"), (60, "31 to 60 days"), (90, "61 to 90 days"), (180, "91 to 180 days"), (365, "181 to 365 days"), (730, "1 to 2 years"))  # fmt: skip
_OLDER, _UNKNOWN = "over 2 years", "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The secrets whose values are of about one age."""

    title: str
    number: int
    overdue: int
    """How many of them have a due date that has passed without a new value, accepted or not."""
    bar: Markup


def histogram(members: Sequence[Member], today: date) -> list[Band]:
    """Every band of ages, the youngest first; none when the population has no secret."""
    total: Counter[str] = Counter()
    overdue: Counter[str] = Counter()
    for member in members:
        if isinstance(member.record.subject, SecretMetadata):
            title = _band(member, today)
            total[title] += 1
            overdue[title] += _late(member, today)
    most = max(total.values(), default=0)
    titles = [*(title for _, title in _ENDS), _OLDER, _UNKNOWN]
    return [
        Band(
            title=title,
            number=total[title],
            overdue=overdue[title],
            bar=picture(
                drawing.share_bar(
                    whole=total[title],
                    part=overdue[title],
                    most=most,
                    label=f"{title}: {total[title]:,}, of these {overdue[title]:,} overdue",
                )
            ),
        )
        for title in (titles if most else [])
    ]


def _band(member: Member, today: date) -> str:
    if member.value is None:
        return _UNKNOWN
    days = (today - member.value.at.date()).days
    return next((title for end, title in _ENDS if days <= end), _OLDER)


def _late(member: Member, today: date) -> bool:
    return any(
        row.finding.due is not None and row.finding.due < today and row.state in {State.FAIL, State.WAIVED}
        for row in member.rows
    )
