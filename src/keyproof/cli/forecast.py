"""`keyproof forecast`: what turns red in the days to come, as a table and as a calendar."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from keyproof import resources
from keyproof.app.forecast import forecast as look_ahead
from keyproof.cli import options
from keyproof.cli.evaluate import request
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_file, write_stdout
from keyproof.cli.session import Session
from keyproof.domain.forecast import Forecast
from keyproof.report import forecast_calendar, forecast_html, forecast_page

_MAX_DAYS = 3660


def forecast(
    snapshots: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files written by `keyproof collect`; without any every source is read.",
            metavar="[SNAPSHOT…]",
            show_default=False,
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=0, max=_MAX_DAYS, help="How far to look ahead.")] = 30,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="text, html or ics, with a path as FORMAT=PATH; repeatable; without a path on stdout.",
            metavar="FORMAT[=PATH]",
        ),
    ] = None,
    config: options.Config = None,
    as_of: options.AsOf = None,
    rule: options.Rules = None,
    framework: options.Frameworks = None,
    baseline: options.Baseline = None,
    jobs: options.Jobs = 8,
    no_progress: options.NoProgress = False,
) -> None:
    """Judge on every day to come on which a period, a waiver, an attestation or a baseline entry ends.

    Exit codes: 0 also when something will turn red, 2 invalid input, 3 something could not be read, so
    that the forecast has a hole.
    """
    targets = options.parse_formats(formats, sorted(_FORMATS))
    gate = options.Gate.asked(as_of=as_of, rules=rule, frameworks=framework, baseline=baseline)
    session = Session.open(config, frameworks=gate.frameworks)
    asked = request(session, gate)
    snapshot = session.snapshot(snapshots, jobs=jobs, progress=not no_progress)
    found = look_ahead(snapshot, session.policy, asked, days=days, finished=session.surroundings.clock.now())
    for target in targets:
        text = _FORMATS[target.format](found)
        if target.path is None:
            write_stdout(text)
        else:
            write_file(target.path, text)
    if all(target.path is not None for target in targets):
        write_stdout(_page(found))
    raise typer.Exit(_exit_code(found))


def _page(found: Forecast) -> str:
    width = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 100
    return forecast_page.render(found, width=width)


_FORMATS: Mapping[str, Callable[[Forecast], str]] = {
    "html": partial(forecast_html.render, template=resources.reports() / "html" / "forecast.html.j2"),
    "ics": forecast_calendar.render,
    "text": _page,
}


def _exit_code(found: Forecast) -> ExitCode:
    if found.today.run.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.INCOMPLETE if found.today.summary.gaps else ExitCode.OK
