"""`keyproof doctor`: can everything be looked at, and what is missing where not."""

import typer

from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.session import Session
from keyproof.domain.assessment import ScopeStatus
from keyproof.wiring.catalog import COLLECTORS


def doctor(
    config: options.Config = None,
    jobs: options.Jobs = 8,
    _verbose: options.Verbose = 0,
    no_progress: options.NoProgress = False,
) -> None:
    """Try every source and repository, change nothing, and name what cannot be read and which right is missing."""
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
            typer.echo(f"        it needs: {', '.join(COLLECTORS[scope.kind].permissions)}")
    typer.echo(f"{len(snapshot.scopes) - broken} of {len(snapshot.scopes)} scopes can be read in full")
    raise typer.Exit(ExitCode.INCOMPLETE if broken else ExitCode.OK)
