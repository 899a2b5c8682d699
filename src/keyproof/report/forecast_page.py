"""The forecast as a page for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import date
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from keyproof.domain.forecast import Ending, Forecast, Turn
from keyproof.report.overview import counted
from keyproof.report.visible import visible


def render(forecast: Forecast, *, width: int = 80) -> str:
    """The page, `width` columns wide; no line has trailing blanks."""
    screen = StringIO()
    console = Console(
        file=screen, width=width, color_system=None, no_color=True, highlight=False, markup=False, emoji=False,
        legacy_windows=False, _environ={},
    )  # fmt: skip
    console.print(Group(*_parts(forecast)))
    lines = (line.rstrip() for line in screen.getvalue().splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def turning(forecast: Forecast) -> str:
    """How much turns red and how much is so already, in a sentence."""
    failed = forecast.today.summary.failed
    already = f"{failed:,} {'fails' if failed == 1 else 'fail'} already"
    number = counted(len(forecast.turns), "finding")
    return f"{number} will turn red through {forecast.until} if nobody acts; {already}."


def unseen(forecast: Forecast) -> str:
    """What the forecast knows nothing of; empty when it knows all."""
    summary = forecast.today.summary
    parts = [f"{counted(summary.gaps, 'scope')} could not be read in full"] if summary.gaps else []
    if summary.not_evaluated:
        parts.append(f"{counted(summary.not_evaluated, 'finding')} could not be judged")
    return f"Not forecast: {', and '.join(parts)}." if parts else ""


def attested_by(lapse: Turn) -> str:
    """Who attested what lapses; empty when the finding does not say."""
    return next((fact.value for fact in lapse.finding.evidence if fact.name == "attested by"), "")


def _parts(forecast: Forecast) -> Iterator[RenderableType]:
    run, today = forecast.today.run, forecast.today.today
    yield Text(f"{visible(run.organisation)}, as of {run.as_of:%Y-%m-%d %H:%M} UTC")
    yield Text(turning(forecast))
    if forecast.turns:
        yield _turns(forecast.turns, today)
    if forecast.lapses:
        yield Text("\nTo be attested again:")
        yield _lapses(forecast.lapses, today)
    if forecast.endings:
        yield Text("\nWaivers and baseline entries that end:")
        yield _endings(forecast.endings, today)
    if told := unseen(forecast):
        yield Text(told)


def _turns(turns: Sequence[Turn], today: date) -> Table:
    table = _table("severity", "what, the rule, and why", "owner")
    for turn in turns:
        table.add_row(
            str(turn.last_day),
            f"{(turn.last_day - today).days} d",
            turn.finding.severity.value,
            Text(f"{visible(turn.name)}\n{turn.finding.rule}: {visible(turn.because)}"),
            Text(visible(turn.owner)),
        )
    return table


def _lapses(lapses: Sequence[Turn], today: date) -> Table:
    table = _table("severity", "what, the rule, and who attested it", "owner")
    for lapse in lapses:
        finding = lapse.finding
        table.add_row(
            str(lapse.last_day),
            f"{(lapse.last_day - today).days} d",
            finding.severity.value,
            Text(visible(finding.rule_title) + f"\n{finding.rule}: by {visible(attested_by(lapse))}"),
            Text(visible(lapse.owner)),
        )
    return table


def _endings(endings: Sequence[Ending], today: date) -> Table:
    table = _table("accepts", "which, what it accepts, and why", "approver or owner")
    for ending in endings:
        table.add_row(
            str(ending.last_day),
            f"{(ending.last_day - today).days} d",
            f"{ending.accepts:,}",
            Text(visible(f"{ending.id}: {ending.about}") + f"\n{visible(ending.reason)}"),
            Text(visible(ending.who)),
        )
    return table


def _table(third: str, what: str, who: str) -> Table:
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1), header_style="", expand=True
    )
    for heading in ("last day", "in", third):
        table.add_column(heading, no_wrap=True)
    table.add_column(what, overflow="fold", ratio=1)
    table.add_column(who, overflow="fold", max_width=20)
    return table
