"""`keyproof waiver`: which failures are accepted, by whom, until when."""

import typer

from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.session import Session
from keyproof.domain.policy import Waiver, WaiverState

app = typer.Typer(no_args_is_help=True, help="Accepted failures with their state.")


@app.command("list")
def list_waivers(config: options.Config = None, as_of: options.AsOf = None) -> None:
    """Print every waiver of keyproof.yaml with its state."""
    day = options.parse_as_of(as_of).date()
    for waiver in Session.open(config).policy.waivers:
        state = waiver.state_on(day, used=True)
        typer.echo(f"{waiver.id:28} {state:9} until {waiver.until}  {_accepts(waiver)}: {waiver.reason}")


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
            typer.echo(
                f"{place}{waiver.id} is {state}: until {waiver.until}, approved by {', '.join(waiver.approved_by)}"
            )
    raise typer.Exit(ExitCode.FAILED if ending else ExitCode.OK)


def _accepts(waiver: Waiver) -> str:
    return f"{waiver.rule or waiver.control} on {waiver.selector.describe()}"
