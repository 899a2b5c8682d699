"""Contradictions in a document's own tables: dates, statuses, and secrets they leave out."""

from collections.abc import Iterator
from itertools import islice

from keyproof.document.contradiction import Contradiction, Kind
from keyproof.document.custody import environments_in
from keyproof.document.facts import Place, PolicyText
from keyproof.document.subjects import topic
from keyproof.domain.wording import count
from keyproof.inventory.rows import Declaration, Standing
from keyproof.inventory.secret import DeclaredSecret
from keyproof.inventory.table import Table

_URGENCY = {"current": 0, "due-soon": 1, "overdue": 2}
_MOST = 3
"""How many rows are named against one: a table in which one status is wrong needs no list of all others."""


def contradictions(text: PolicyText) -> Iterator[Contradiction]:
    """What the rows of the tables say against each other and against the periods."""
    for secret in text.merged.secrets:
        yield from _next_dates(text, secret)
    yield from _status_order(text)
    yield from _not_tracked(text)
    yield from _not_scheduled(text)
    yield from _environments(text)


def _next_dates(text: PolicyText, secret: DeclaredSecret) -> Iterator[Contradiction]:
    stating = next((row for row in secret.rows if row.period is not None), None)
    for row in secret.claimants:
        if stating is None or stating.period is None or not stating.period.scheduled:
            continue
        if row.last_rotated is None or row.next_rotation is None:
            continue
        due = stating.period.due(row.last_rotated)
        if (late := (row.next_rotation - due).days) != 0:
            taken = (row.next_rotation - row.last_rotated).days
            side = f"{count(abs(late), 'day')} too {'late' if late > 0 else 'early'}"
            status = f", and the row is marked {row.status}" if row.status else ""
            yield Contradiction(
                kind=Kind.NEXT_DATE,
                subject=row.name,
                first=text.at(row.line),
                first_value=f"{row.next_rotation}, {count(taken, 'day')} after {row.last_rotated}",
                second=text.at(stating.line),
                second_value=stating.period.text,
                reason=f"by the period it is due {due}, so the stated date is {side}{status}",
            )


def _status_order(text: PolicyText) -> Iterator[Contradiction]:
    rows = [row for row in text.inventory.rows if row.next_rotation is not None and row.status in _URGENCY]
    for calm in rows:
        assert calm.next_rotation is not None
        later = (row for row in rows if row.next_rotation and row.next_rotation > calm.next_rotation)
        more_urgent = (row for row in later if _URGENCY[row.status] > _URGENCY[calm.status])
        for urgent in islice(more_urgent, _MOST):
            yield Contradiction(
                kind=Kind.STATUS_ORDER,
                subject=f"{calm.name} and {urgent.name}",
                first=text.at(calm.line),
                first_value=f"{calm.status}, next {calm.next_rotation}",
                second=text.at(urgent.line),
                second_value=f"{urgent.status}, next {urgent.next_rotation}",
                reason="what falls due first cannot be the less urgent: on no day are both statuses right",
            )


def _not_tracked(text: PolicyText) -> Iterator[Contradiction]:
    """Secrets with a period but without a row in the table of rotations, where there is such a table."""
    dated = [row for row in text.inventory.rows if row.last_rotated or row.next_rotation]
    if not dated:
        return
    table = _table_of(text, dated[0])
    for secret in text.merged.secrets:
        if secret.period is None or any(row.dated for row in secret.rows):
            continue
        row = next(row for row in secret.rows if row.period is not None)
        yield Contradiction(
            kind=Kind.NOT_TRACKED,
            subject=row.name,
            first=text.at(row.line),
            first_value=f"rotates: {secret.period.text}",
            second=text.at(table.line),
            second_value=f"{count(len(table.rows), 'row')}, none for it",
            reason="nobody would see that it is overdue",
        )


def _table_of(text: PolicyText, row: Declaration) -> Table:
    return next(table for table in text.inventory.read if any(row.line == known.line for known in table.rows))


def _not_scheduled(text: PolicyText) -> Iterator[Contradiction]:
    """Rows of a table of periods with details that the document's own schedule leaves out."""
    schedule = [row for row in text.inventory.rows if row.standing is Standing.SCHEDULE and row.period]
    if not schedule:
        return
    table = _table_of(text, schedule[0])
    listed = {topic(row.name) for row in schedule}
    for secret in text.merged.secrets:
        if any(row.standing is Standing.SCHEDULE for row in secret.rows):
            continue
        stated = [row for row in secret.rows if row.period is not None and row.period.scheduled]
        names = {topic(row.name) for row in secret.rows} | {_family(row) for row in secret.rows}
        if stated and not names & listed:
            row = stated[0]
            yield Contradiction(
                kind=Kind.NOT_SCHEDULED,
                subject=row.name,
                first=text.at(row.line),
                first_value=row.period.text if row.period else "",
                second=text.at(table.line),
                second_value=f"{count(len(table.rows), 'row')}, none for it",
                reason="who follows the schedule forgets it",
            )


def _family(row: Declaration) -> str:
    return "api-key" if "api" in row.name.casefold().replace("_", " ").split() else ""


def _environments(text: PolicyText) -> Iterator[Contradiction]:
    """Environments that rules name and no dated row is of."""
    dated = [row for row in text.inventory.rows if row.dated and row.environments]
    if not dated:
        return
    tracked = {name for row in dated for name in environments_in(" ".join(row.environments))}
    for name, place in sorted(_ruled(text).items()):
        if tracked and name not in tracked:
            yield Contradiction(
                kind=Kind.ENVIRONMENT,
                subject=name,
                first=place,
                first_value=f"a rule for {name}",
                second=text.at(_table_of(text, dated[0]).line),
                second_value=f"rows of {', '.join(sorted(tracked))} alone",
                reason=f"the secrets of {name} are in no inventory",
            )


def _ruled(text: PolicyText) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for kept in text.kept:
        for name in kept.environments:
            found.setdefault(name, kept.place)
    for role in text.access:
        for name in role.environments:
            found.setdefault(name, role.place)
    return found
