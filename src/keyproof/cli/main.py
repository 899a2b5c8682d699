"""The `keyproof` command: its subcommands, one file each."""

import os
import sys
from typing import Annotated, Any

import typer

from keyproof.cli import (
    attestation,
    baseline,
    collect,
    compare,
    demo,
    doctor,
    evaluate,
    forecast,
    hook_command,
    init,
    leaks,
    policy,
    report,
    runs,
    runs_evidence,
    scan,
    waiver,
)
from keyproof.cli.boundary import guarded
from keyproof.cli.exit import ExitCode
from keyproof.cli.surroundings import version

app = typer.Typer(
    name="keyproof",
    help="Policy-as-code compliance scanner for secrets: rotation, access and leaks, without reading a value.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]
"""click's base of what a user can get wrong: typer brings a click of its own in newer versions."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keyproof {version()}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Policy-as-code compliance scanner for secrets: rotation, access and leaks, without reading a value."""


app.command("scan")(scan.scan)
app.command("leaks")(leaks.leaks)
app.add_typer(hook_command.app, name="hook")
app.command("collect")(collect.collect)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("report")(report.report)
runs.app.command("verify")(runs_evidence.verify)
runs.app.command("export")(runs_evidence.export)
runs.app.command("key")(runs_evidence.key)
app.add_typer(runs.app, name="runs")
app.command("baseline")(baseline.baseline)
app.command("forecast")(forecast.forecast)
app.add_typer(policy.app, name="policy")
app.add_typer(waiver.app, name="waiver")
app.add_typer(attestation.app, name="attestation")
app.command("doctor")(doctor.doctor)
app.command("init")(init.init)
app.command("demo")(demo.demo)


def run() -> None:
    """Entry point of the console script: the exit code is the documented one whatever happens."""
    code = invoke(sys.argv[1:])
    if code == ExitCode.INTERRUPTED:
        # Threads may still wait for a backend that does not answer; Python would wait for them.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def invoke(arguments: list[str]) -> int:
    """Run one command line and return its exit code; no exception passes."""
    return guarded(lambda: _invoke(arguments))


def _invoke(arguments: list[str]) -> int:
    try:
        result = app(arguments, prog_name="keyproof", standalone_mode=False)
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except _USAGE_ERROR as error:
        error.show(file=sys.stderr)
        return ExitCode.INVALID
    return result if isinstance(result, int) else ExitCode.OK
