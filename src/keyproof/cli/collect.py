"""`keyproof collect`: only read; the result is a value-free snapshot to be judged later or elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_file
from keyproof.cli.session import Session
from keyproof.domain.assessment import ScopeStatus
from keyproof.store.snapshot import dump


def collect(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The snapshot file to write.", metavar="SNAPSHOT")
    ],
    config: options.Config = None,
    source: options.Sources = None,
    jobs: options.Jobs = 8,
    executor: options.ExecutorOption = options.Where.LOCAL,
    allow_incomplete: options.AllowIncomplete = False,
    quiet: options.Quiet = False,
    _verbose: options.Verbose = 0,
    no_progress: options.NoProgress = False,
) -> None:
    """Read every source and repository into a snapshot file that holds no secret's value."""
    session = Session.open(config)
    snapshot = session.take_snapshot(
        only=tuple(source or ()),
        jobs=jobs,
        progress=not no_progress,
        on_cluster=executor is options.Where.DASK,
    )
    write_file(output, dump(snapshot))
    gaps = [scope for scope in snapshot.scopes if scope.status is not ScopeStatus.OK]
    if not quiet:
        typer.echo(f"{output}: {len(snapshot.secrets)} secrets, {len(snapshot.leaks)} leaks", err=True)
        for scope in gaps:
            typer.echo(f"  {scope.source} {scope.scope}: {scope.status}, {scope.reason}", err=True)
    if snapshot.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    raise typer.Exit(ExitCode.INCOMPLETE if gaps and not allow_incomplete else ExitCode.OK)
