"""`keyproof runs`: what was found when, what changed, and whether the record is whole."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from keyproof import config as configuration
from keyproof.app import diff as differences
from keyproof.app import period as periods
from keyproof.app.episodes import comparable
from keyproof.app.record import find
from keyproof.cli import options, runs_data, runs_text
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_file, write_stdout
from keyproof.cli.progress import TerminalProgress
from keyproof.cli.surroundings import surroundings
from keyproof.config import Settings
from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.ledger import RunEntry
from keyproof.errors import ConfigError
from keyproof.store.ledger import Ledger
from keyproof.wiring.store import open_ledger

app = typer.Typer(
    no_args_is_help=True, help="The run ledger: history, changes, periods, integrity, evidence."
)


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Form(StrEnum):
    """How a command of the ledger answers."""

    TEXT = "text"
    JSON = "json"


Run = Annotated[
    str, typer.Argument(help="A run: its number, `latest`, or the beginning of its digest.", metavar="RUN")
]
FormOption = Annotated[Form, typer.Option("--format", help="text or json.")]


def settings(path: Path | None) -> Settings:
    """keyproof.yaml alone, without the policies it names. Raises ConfigError."""
    world = surroundings(Path.cwd())
    return configuration.load(path or configuration.find(Path.cwd()), world.environ)


@contextmanager
def reading(path: Path | None) -> Iterator[tuple[Ledger, list[RunEntry]]]:
    """The ledger of a keyproof.yaml, and its runs of that organisation. Raises ConfigError and StoreError."""
    found = settings(path)
    ledger = open_ledger(found, readonly=True)
    try:
        yield ledger, [run for run in ledger.runs() if run.organisation == found.organisation]
    finally:
        ledger.close()


@app.command("list")
def list_runs(config: options.Config = None, form: FormOption = Form.TEXT) -> None:
    """Print every recorded run of this organisation, oldest first."""
    with reading(config) as (_, runs):
        _answer(form, runs_text.run_list(runs), [runs_data.run(run) for run in runs])


@app.command("show")
def show(run: Run = "latest", config: options.Config = None, form: FormOption = Form.TEXT) -> None:
    """Print what the ledger says about one run: counts, scopes, digests, and the files it was judged by."""
    with reading(config) as (ledger, runs):
        wanted = find(runs, run)
        snapshot, documents = ledger.snapshot(wanted), sorted(ledger.documents(wanted))
        text = runs_text.run_page(wanted, snapshot, documents)
        _answer(form, text, runs_data.run_in_full(wanted, snapshot, documents))


@app.command("diff")
def diff(
    before: Annotated[
        str | None, typer.Argument(help="The older run; default: the one before.", metavar="[RUN]")
    ] = None,
    after: Annotated[
        str, typer.Argument(help="The newer run; default: the latest.", metavar="[RUN]")
    ] = "latest",
    config: options.Config = None,
    form: FormOption = Form.TEXT,
    no_progress: options.NoProgress = False,
) -> None:
    """Print the failures that are new, closed, still open or could not be looked at, with their ages.

    Exit code 0 also when there are new ones: what fails is `scan`'s to say.
    """
    with reading(config) as (ledger, runs):
        newer = find(runs, after)
        older = find(runs, before) if before else _run_before(newer, runs)
        with TerminalProgress(enabled=not no_progress) as bars:
            found = differences.diff(runs, older, newer, ledger, progress=bars)
        _answer(form, runs_text.diff_page(found), runs_data.diff(found))


def _run_before(run: RunEntry, runs: list[RunEntry]) -> RunEntry:
    earlier = [one for one in comparable(runs, run) if one.order < run.order]
    if not earlier:
        raise ConfigError(f"there is no run before run {run.number} to compare it with")
    return earlier[-1]


@app.command("period")
def period(
    first: Annotated[str, typer.Option("--from", help="First day, UTC.", metavar="DATE")],
    last: Annotated[str, typer.Option("--to", help="Last day, UTC.", metavar="DATE")],
    every: Annotated[
        str, typer.Option("--every", help="How often the control is to run.", metavar="DURATION")
    ] = "daily",
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="Runs and secrets to draw for a closer look.")
    ] = 25,
    seed: Annotated[
        str, typer.Option("--seed", help="The same seed draws the same sample; default: the two days.")
    ] = "",
    config: options.Config = None,
    form: FormOption = Form.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")
    ] = None,
    no_progress: options.NoProgress = False,
) -> None:
    """Print what the ledger shows about a period, as SOC 2 Type II asks: cadence, exceptions, days overdue, sample.

    Exit codes: 0 also when there were exceptions, 3 when the control did not run as often as stated.
    """
    asked = periods.Asked(
        first=_day("--from", first),
        last=_day("--to", last),
        every=_frequency(every),
        sample=sample,
        seed=seed or f"{first}..{last}",
        now=surroundings(Path.cwd()).clock.now(),
    )
    with reading(config) as (ledger, runs), TerminalProgress(enabled=not no_progress) as bars:
        found = periods.look_back(runs, asked, ledger, progress=bars)
    _answer(form, runs_text.period_page(found), runs_data.period(found), output)
    raise typer.Exit(ExitCode.OK if found.cadence_kept else ExitCode.INCOMPLETE)


def _day(option: str, text: str) -> date:
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise ConfigError(f"{option}: '{text}' is not a day", hint="write 2025-10-05")


def _frequency(text: str) -> Duration:
    with suppress(ValueError):
        if (found := parse_duration(text)).scheduled:
            return found
    raise ConfigError(f"--every: '{text}' is not how often something runs", hint="write daily, 7d or 1mo")


def _answer(form: Form, text: str, data: Any, output: Path | None = None) -> None:
    if form is Form.JSON:
        text = runs_data.to_json(data)
    if output:
        write_file(output, text)
    else:
        write_stdout(text)
