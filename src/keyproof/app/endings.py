"""Which waivers and baseline entries end in the days to come."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from keyproof.domain.assessment import Assessment
from keyproof.domain.baseline import BaselineEntry
from keyproof.domain.forecast import Ending
from keyproof.domain.wording import count


def endings(today: Assessment, until: date) -> tuple[Ending, ...]:
    """Those in force or yet to begin whose last day lies from today through `until`, soonest first.

    Baseline entries that end on one day and have one owner are one ending: one person has to act.
    """
    found = [*_waivers(today), *_entries(today)]
    return tuple(
        sorted(
            (one for one in found if today.today <= one.last_day <= until and one.last_day < date.max),
            key=lambda one: (one.last_day, one.id, one.who),
        )
    )


def _waivers(today: Assessment) -> Iterator[Ending]:
    for record in today.waivers:
        waiver = record.waiver
        yield Ending(
            last_day=waiver.until,
            id=waiver.id,
            who=", ".join(waiver.approved_by),
            about=f"{waiver.rule or waiver.control} on {waiver.selector.describe()}",
            accepts=len(record.findings),
            reason=waiver.reason,
        )


def _entries(today: Assessment) -> Iterator[Ending]:
    accepting = {finding.baseline for finding in today.findings if finding.baseline}
    alike: dict[tuple[date, str], list[BaselineEntry]] = defaultdict(list)
    for record in today.baseline:
        alike[record.entry.until, record.entry.owner].append(record.entry)
    for (last_day, owner), entries in alike.items():
        yield Ending(
            last_day=last_day,
            id="baseline",
            who=owner,
            about=f"{entries[0].rule} on {entries[0].subject}"
            if len(entries) == 1
            else count(len(entries), "finding"),
            accepts=sum(entry.id in accepting for entry in entries),
            reason="; ".join(sorted({entry.reason for entry in entries})),
        )
