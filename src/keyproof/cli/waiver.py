"""`keyproof waiver`: which failures are accepted, by whom, until when."""

from pathlib import Path
from typing import Annotated

import typer

from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_file
from keyproof.cli.session import Session
from keyproof.domain.policy import Waiver, WaiverState
from keyproof.errors import ConfigError, PolicyError
from keyproof.policy.waiver_entry import Value, with_entry
from keyproof.policy.waivers import check_entry
from keyproof.report.visible import visible
from keyproof.strict_yaml import read

app = typer.Typer(no_args_is_help=True, help="Accepted failures with their state.")


@app.command("list")
def list_waivers(config: options.Config = None, as_of: options.AsOf = None) -> None:
    """Print every waiver of keyproof.yaml with its state."""
    day = options.parse_as_of(as_of).date()
    for waiver in Session.open(config).policy.waivers:
        state = waiver.state_on(day, used=True)
        line = f"{waiver.id:28} {state:9} until {waiver.until}  {_accepts(waiver)}: {waiver.reason}"
        typer.echo(visible(line))


@app.command("check")
def check(config: options.Config = None, as_of: options.AsOf = None) -> None:
    """Exit 1 when a waiver has expired or ends within 14 days."""
    day = options.parse_as_of(as_of).date()
    ending = 0
    for waiver in Session.open(config).policy.waivers:
        state = waiver.state_on(day, used=True)
        if state in {WaiverState.EXPIRED, WaiverState.EXPIRING}:
            ending += 1
            place = f"{waiver.place.path}:{waiver.place.line}: " if waiver.place else ""
            approved = ", ".join(waiver.approved_by)
            typer.echo(
                visible(f"{place}{waiver.id} is {state}: until {waiver.until}, approved by {approved}")
            )
    raise typer.Exit(ExitCode.FAILED if ending else ExitCode.OK)


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="The waiver file; made when it does not exist.")],
    name: Annotated[str, typer.Option("--id", help="Id of the waiver, kebab-case.", metavar="ID")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is accepted.", metavar="TEXT")],
    requested_by: Annotated[str, typer.Option("--requested-by", help="Who asks for it.", metavar="NAME")],
    approved_by: Annotated[
        list[str], typer.Option("--approved-by", help="Who agreed; repeatable.", metavar="NAME")
    ],
    until: Annotated[str, typer.Option("--until", help="Last day in force, UTC.", metavar="DATE")],
    starts: Annotated[
        str | None, typer.Option("--from", help="First day in force; default: today.", metavar="DATE")
    ] = None,
    rule: Annotated[str, typer.Option("--rule", help="The rule that fails.", metavar="ID")] = "",
    control: Annotated[
        str, typer.Option("--control", help="Or the control.", metavar="FRAMEWORK:CONTROL")
    ] = "",
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            help="What it is about, as in a selector: name='*crm*'; repeatable.",
            metavar="KEY=GLOB",
        ),
    ] = None,
    fingerprint: Annotated[
        list[str] | None,
        typer.Option("--fingerprint", help="Or the fingerprint of a leak; repeatable.", metavar="HEX"),
    ] = None,
    ticket: Annotated[str, typer.Option("--ticket", help="Where it was discussed.", metavar="TEXT")] = "",
    compensating_control: Annotated[
        str, typer.Option("--compensating-control", help="What is done instead.", metavar="TEXT")
    ] = "",
) -> None:
    """Add a waiver at the end of a file for review: comments stay, and nothing is written that is not valid."""
    given: dict[str, Value] = {
        "id": name,
        "rule": rule,
        "control": control,
        "select": _selected(select or []),
        "fingerprint": fingerprint or [],
        "reason": reason,
        "ticket": ticket,
        "requested-by": requested_by,
        "approved-by": approved_by,
        "from": starts or str(options.parse_as_of(None).date()),
        "until": until,
        "compensating-control": compensating_control,
    }
    entry = {key: value for key, value in given.items() if value}
    old = read(file, error=PolicyError).text if file.exists() else None
    text = with_entry(old, entry, path=file)
    check_entry(text, path=file)
    write_file(file, text)
    typer.echo(f"{file}: added {name}, in force from {entry['from']} to {until}")


def _selected(texts: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        key, sign, glob = text.partition("=")
        if not (key and sign and glob):
            raise ConfigError(f"--select: '{text}' is not KEY=GLOB", hint="write for example name='*crm*'")
        found.setdefault(key, []).append(glob)
    return found


def _accepts(waiver: Waiver) -> str:
    return f"{waiver.rule or waiver.control} on {waiver.selector.describe()}"
