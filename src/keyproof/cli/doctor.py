"""`keyproof doctor`: can everything be looked at, and what is missing where not."""

from typing import Annotated

import typer

from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_stdout
from keyproof.cli.session import Session
from keyproof.domain.assessment import ScopeStatus
from keyproof.wiring.catalog import COLLECTORS
from keyproof.wiring.rights import rights_of


def doctor(
    config: options.Config = None,
    rights: Annotated[
        str,
        typer.Option(
            "--rights",
            help="Read nothing: print the least rights of this kind of source, to be granted as they are.",
            metavar="KIND",
        ),
    ] = "",
    jobs: options.Jobs = 8,
    _verbose: options.Verbose = 0,
    no_progress: options.NoProgress = False,
) -> None:
    """Try every source and repository, change nothing, and name what cannot be read and which right is missing."""
    if rights:
        write_stdout(rights_of(rights))
        raise typer.Exit(ExitCode.OK)
    session = Session.open(config)
    snapshot = session.take_snapshot(only=(), jobs=jobs, progress=not no_progress)
    broken = 0
    for scope in snapshot.scopes:
        healthy = scope.status is ScopeStatus.OK
        broken += not healthy
        typer.echo(
            f"{'ok     ' if healthy else 'PROBLEM'} {scope.source} {scope.scope} ({scope.subjects} subjects)"
        )
        if healthy:
            continue
        typer.echo(f"        {scope.status}: {scope.reason}")
        if scope.hint:
            typer.echo(f"        next: {scope.hint}")
        if scope.status is ScopeStatus.DENIED and scope.kind in COLLECTORS:
            typer.echo(f"        it needs what `keyproof doctor --rights {scope.kind}` prints")
    typer.echo(f"{len(snapshot.scopes) - broken} of {len(snapshot.scopes)} scopes can be read in full")
    raise typer.Exit(ExitCode.INCOMPLETE if broken else ExitCode.OK)
