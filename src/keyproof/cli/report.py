"""`keyproof report`: a recorded run or a JSON result in any format again, without reading anything anew."""

import os
from pathlib import Path
from typing import Annotated

import typer

from keyproof.app.record import find
from keyproof.cli import options
from keyproof.cli.results import KNOWN_FORMATS, publish
from keyproof.cli.runs import reading
from keyproof.store.result_file import load_result


def report(
    run: Annotated[
        str,
        typer.Argument(
            help="A run: its number, `latest`, the beginning of its digest, or the file of a JSON result.",
            metavar="RUN",
        ),
    ] = "latest",
    config: options.Config = None,
    formats: options.Formats = None,
    out: options.Out = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the reports of a recorded run, byte for byte as they were, in the same or in other formats.

    Of a JSON result everything comes back that the format holds. Exits as the run did.
    """
    targets = options.parse_formats(formats, KNOWN_FORMATS)
    if run.endswith(".json") or Path(run).is_file():
        assessment = load_result(Path(run))
    else:
        with reading(config) as (ledger, runs):
            assessment = ledger.assessment(find(runs, run))
    raise typer.Exit(publish(assessment, targets=targets, out=out, quiet=quiet, environ=dict(os.environ)))
