"""The `keyproof` command: its subcommands, one file each."""

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from keyproof.cli.boundary import guarded
from keyproof.cli.exit import ExitCode
from keyproof.cli.surroundings import version

_COMMANDS = {
    "scan": "scan",
    "leaks": "leaks",
    "hook": "hook_command",
    "collect": "collect",
    "evaluate": "evaluate",
    "compare": "compare",
    "report": "report",
    "runs": "runs_evidence",
    "baseline": "baseline",
    "forecast": "forecast",
    "policy": "policy",
    "waiver": "waiver",
    "attestation": "attestation",
    "doctor": "doctor",
    "init": "init",
    "demo": "demo",
}
"""Command → module with its `app`, or with a function of its name; in the order of the help."""


class _Commands(TyperGroup):
    """Imports a command when it is used, since nearly every call uses one."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = dict.fromkeys(_COMMANDS)  # only the names, for suggestions

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 (click's signature)
        """See click.Group."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 (click's signature)
        """See click.Group."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"keyproof.cli.{_COMMANDS[cmd_name]}")
        if hasattr(module, "app"):
            command: Any = typer.main.get_group(module.app)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command()(getattr(module, cmd_name))
            command = typer.main.get_command(alone)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="keyproof",
    cls=_Commands,
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
