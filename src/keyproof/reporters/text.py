"""The summary a person reads in a terminal or a CI log: where we stand, and what to do first."""

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import ClassVar

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from keyproof.domain.assessment import Assessment, SubjectRecord, WaiverRecord
from keyproof.domain.baseline import BaselineState
from keyproof.domain.finding import Finding
from keyproof.domain.policy import WaiverState
from keyproof.report import overview
from keyproof.report.acceptance import baseline_remark, waiver_remark
from keyproof.report.overview import Standing
from keyproof.report.visible import visible

_SHOWN = 10
"""Rows of a list before it refers to the full report."""
_REASON = 160
"""Characters of a reason that are shown."""
_NAME = 120
"""Characters of a name before its middle is left out."""
_Known = Mapping[str, SubjectRecord]
_STYLES = {
    Standing.NOT_IN_ORDER: "bold red",
    Standing.NOT_KNOWN: "bold yellow",
    Standing.IN_ORDER: "bold green",
}


class TextReporter:
    """A page of plain text, `width` columns wide; ANSI colours only when `colour` is set."""

    format: ClassVar[str] = "text"
    filename: ClassVar[str] = "keyproof.txt"

    def __init__(self, *, width: int = 80, colour: bool = False) -> None:
        self._width = width
        self._colour = colour

    def render(self, assessment: Assessment) -> str:
        """The page; no line has trailing blanks."""
        screen = StringIO()
        console = Console(
            file=screen,
            width=self._width,
            force_terminal=self._colour,
            color_system="standard" if self._colour else None,
            no_color=not self._colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )
        console.print(Group(*_parts(overview.arranged(assessment))))
        lines = (line.rstrip() for line in screen.getvalue().splitlines())
        return "\n".join(lines).strip("\n") + "\n"


def _parts(assessment: Assessment) -> Iterator[RenderableType]:
    known = overview.subjects_by_id(assessment)
    yield from _head(assessment)
    yield from _exceptions(assessment, known)
    yield from _soon(assessment, known)
    yield from _gaps(assessment, known)
    yield from _waivers(assessment)
    yield from _baseline(assessment)
    yield Text()
    yield Text(
        "Every finding with its evidence is in the reports: --format html, json or junit; "
        "`keyproof policy explain RULE` says why a rule judges as it does."
    )


def _head(assessment: Assessment) -> Iterator[RenderableType]:
    run, summary = assessment.run, assessment.summary
    headline = overview.headline(assessment)
    yield Text(f"{visible(run.organisation)}, as of {run.as_of:%Y-%m-%d %H:%M} UTC")
    yield Text.assemble(
        (f"{headline.standing.upper()}", _STYLES[headline.standing]), f": {headline.sentence}."
    )
    told = overview.counts_in_words(summary)
    yield Text(f"{overview.counted(len(assessment.findings), 'finding')}{': ' if told else ''}{told}.")
    if run.interrupted:
        yield Text("The run was interrupted; what was collected until then was judged.")
    if run.allow_incomplete:
        yield Text("Incompleteness was accepted by --allow-incomplete.")


def _exceptions(assessment: Assessment, known: _Known) -> Iterator[RenderableType]:
    worst = overview.exceptions(assessment)
    if not worst:
        return
    yield _title(f"Exceptions, worst first ({len(worst):,})")
    table = _table("severity", "what, the rule it breaks, and why", "owner", "due")
    for finding in worst[:_SHOWN]:
        what = f"{_what(finding, known)}: {_short(visible(finding.reason))}"
        table.add_row(finding.severity.value, what, _owner(finding, known), _due(finding))
    yield table
    yield from _rest(len(worst))


def _soon(assessment: Assessment, known: _Known) -> Iterator[RenderableType]:
    soon = overview.due_within(assessment, 30)
    if not soon:
        return
    yield _title(f"Due in the next 30 days ({len(soon):,})")
    table = _table("in", "what, and the rule that says so", "owner", "due")
    for finding in soon[:_SHOWN]:
        left = (finding.due - assessment.today).days if finding.due else 0
        table.add_row(f"{left} d", _what(finding, known), _owner(finding, known), str(finding.due))
    yield table
    yield from _rest(len(soon))


def _gaps(assessment: Assessment, known: _Known) -> Iterator[RenderableType]:
    missing, unjudged = overview.gaps(assessment), overview.unjudged(assessment)
    if not missing and not unjudged:
        return
    yield _title(f"Not looked at ({len(missing) + len(unjudged):,})")
    lines = [overview.gap_in_words(scope) for scope in missing]
    yield from _list([*lines, *_questions(unjudged, known)])


def _questions(unjudged: Sequence[Finding], known: _Known) -> Iterator[str]:
    """One line for all findings of a rule that lack the same evidence."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in unjudged:
        alike.setdefault((finding.rule, finding.reason), []).append(finding)
    for (rule, reason), findings in sorted(alike.items(), key=lambda entry: -len(entry[1])):
        first, others = _name(findings[0], known), len(findings) - 1
        yield f"{rule}: {first}{f' and {others} more' if others else ''}: {reason}"


def _waivers(assessment: Assessment) -> Iterator[RenderableType]:
    """Waivers that somebody has to do something about; those that end first."""
    ending = overview.ending(assessment)
    others = [
        record
        for record in assessment.waivers
        if record not in ending and (record.problems or record.state is WaiverState.UNUSED)
    ]
    if not ending and not others:
        return
    yield _title(f"Waivers to look after ({len(ending) + len(others):,})")
    yield from _list([_waiver(record, assessment) for record in (*ending, *others)])


def _waiver(record: WaiverRecord, assessment: Assessment) -> str:
    waiver, accepted = record.waiver, overview.counted(len(record.findings), "finding")
    remark = waiver_remark(record, assessment.today) or f"lasts until {waiver.until}"
    accepts = f"; accepts {accepted}" if record.findings else ""
    others = "not others: " if record.findings else ""
    why = f" ({others}{'; '.join(record.problems)})" if record.problems else ""
    return f"{waiver.id} {remark}{accepts}{why}: {waiver.reason}"


def _baseline(assessment: Assessment) -> Iterator[RenderableType]:
    """Entries that somebody has to do something about, by what it is and when."""
    records = [one for one in assessment.baseline if one.state is not BaselineState.ACTIVE]
    if not records:
        return
    yield _title(f"Baseline entries to look after ({len(records):,})")
    order = (BaselineState.EXPIRED, BaselineState.EXPIRING, BaselineState.UNUSED)
    records.sort(key=lambda one: (order.index(one.state), one.entry.until, one.entry.id))
    yield from _list(
        [
            f"{one.entry.rule} on {one.entry.subject} {baseline_remark(one, assessment.today)} ({one.entry.owner})"
            for one in records
        ]
    )


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _table(first: str, what: str, owner: str, due: str) -> Table:
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1), header_style="", expand=True
    )
    table.add_column(first, no_wrap=True)
    table.add_column(what, overflow="fold", ratio=1)
    table.add_column(owner, overflow="fold", max_width=20)
    table.add_column(due, no_wrap=True)
    return table


def _list(lines: Sequence[str]) -> Iterator[RenderableType]:
    for line in lines[:_SHOWN]:
        yield Padding(Text.assemble(visible(line)), (0, 0, 0, 2))
    yield from _rest(len(lines))


def _rest(number: int) -> Iterator[RenderableType]:
    if number > _SHOWN:
        yield Text(f"  and {number - _SHOWN:,} more, in the full report")


def _what(finding: Finding, known: _Known) -> str:
    return f"{_name(finding, known)}\n{finding.rule}"


def _name(finding: Finding, known: _Known) -> str:
    return overview.shortened(visible(overview.name_of(finding, known)), _NAME)


def _short(reason: str) -> str:
    """A reason as long as a table bears; the reports have the whole."""
    return reason if len(reason) <= _REASON else f"{reason[:_REASON].rsplit(' ', 1)[0]} …"


def _owner(finding: Finding, known: _Known) -> str:
    return visible(overview.owner_of(finding, known)) or "none"


def _due(finding: Finding) -> str:
    if not finding.days_overdue:
        return "now"
    return f"{finding.due}\n{finding.days_overdue:,} d overdue"
