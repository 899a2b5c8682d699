"""`keyproof report`: a recorded run in any format again, without reading anything anew."""

import os
from typing import Annotated

import typer

from keyproof.app.record import find
from keyproof.cli import options
from keyproof.cli.results import publish
from keyproof.cli.runs import reading
from keyproof.wiring.catalog import REPORTERS


def report(
    run: Annotated[
        str,
        typer.Argument(help="A run: its number, `latest`, or the beginning of its digest.", metavar="RUN"),
    ] = "latest",
    config: options.Config = None,
    formats: options.Formats = None,
    out: options.Out = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the reports of a recorded run, byte for byte as they were, in the same or in other formats.

    Exits as the run did.
    """
    targets = options.parse_formats(formats, sorted(REPORTERS))
    with reading(config) as (ledger, runs):
        assessment = ledger.assessment(find(runs, run))
    raise typer.Exit(publish(assessment, targets=targets, out=out, quiet=quiet, environ=dict(os.environ)))
