"""The forecast as a page for a terminal."""

from collections.abc import Iterator
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from keyproof.domain.forecast import Forecast
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


def _parts(forecast: Forecast) -> Iterator[RenderableType]:
    run, summary = forecast.today.run, forecast.today.summary
    yield Text(f"{visible(run.organisation)}, as of {run.as_of:%Y-%m-%d %H:%M} UTC")
    failing = "fails" if summary.failed == 1 else "fail"
    turning = counted(len(forecast.turns), "finding")
    yield Text(
        f"{turning} will turn red through {forecast.until} if nobody acts; {summary.failed:,} {failing} already."
    )
    if forecast.turns:
        yield _table(forecast)
    unseen = [
        *([f"{counted(summary.gaps, 'scope')} could not be read in full"] if summary.gaps else []),
        *(
            [f"{counted(summary.not_evaluated, 'finding')} could not be judged"]
            if summary.not_evaluated
            else []
        ),
    ]
    if unseen:
        yield Text(f"Not forecast: {', and '.join(unseen)}.")


def _table(forecast: Forecast) -> Table:
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1), header_style="", expand=True
    )
    for heading in ("last day", "in", "severity"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what, the rule, and why", overflow="fold", ratio=1)
    table.add_column("owner", overflow="fold", max_width=20)
    today = forecast.today.today
    for turn in forecast.turns:
        table.add_row(
            str(turn.last_day),
            f"{(turn.last_day - today).days} d",
            turn.finding.severity.value,
            Text(f"{visible(turn.name)}\n{turn.finding.rule}: {visible(turn.because)}"),
            Text(visible(turn.owner)),
        )
    return table
