"""`keyproof hook`: the same search as `keyproof-hook`, and its installation into a repository."""

from pathlib import Path
from typing import Annotated

import typer

from keyproof.cli import hook
from keyproof.cli.output import write_file
from keyproof.cli.surroundings import surroundings
from keyproof.errors import ConfigError
from keyproof.wiring.leaks import hooks_folder

app = typer.Typer(help="Stop a commit that would bring a secret in.")

_SCRIPTS = {
    "pre-commit": "exec keyproof-hook\n",
    # git names on stdin what is pushed: <local ref> <local id> <remote ref> <remote id>.
    # It comes with the remote as its first argument: what that is known to have is not searched again.
    "pre-push": (
        "while read -r _ new _ old; do\n"
        '  case "$new" in *[!0]*) keyproof leaks --no-progress --range "$old..$new" --new-to "$1" || exit $? ;; esac\n'
        "done\n"
    ),
    # git names on stdin what is received: <old id> <new id> <ref>; new objects are still in quarantine.
    "pre-receive": (
        "while read -r old new _; do\n"
        '  case "$new" in *[!0]*) keyproof leaks --no-progress --range "$old..$new" || exit $? ;; esac\n'
        "done\n"
    ),
}


@app.callback(invoke_without_command=True)
def search(context: typer.Context) -> None:
    """Search what the index of this repository would commit. Exit 0 when nothing was found, 1 for a secret."""
    if context.invoked_subcommand is None:
        raise typer.Exit(hook.main([]))


@app.command("install")
def install(
    pre_push: Annotated[
        bool, typer.Option("--pre-push", help="Search what a push would send instead.")
    ] = False,
    pre_receive: Annotated[
        bool, typer.Option("--pre-receive", help="Search what a server receives instead.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a hook that is already there.")] = False,
) -> None:
    """Write the hook into this repository, for people without the pre-commit framework."""
    if pre_push and pre_receive:
        raise ConfigError("--pre-push and --pre-receive exclude each other", hint="install them one by one")
    kind = "pre-push" if pre_push else "pre-receive" if pre_receive else "pre-commit"
    path = hooks_folder(Path.cwd(), surroundings(Path.cwd())) / kind
    if path.exists() and not force:
        raise ConfigError(
            f"{path} is already there", hint="replace it with --force, or call keyproof-hook from it"
        )
    write_file(path, f"#!/bin/sh\n# Written by `keyproof hook install`.\n{_SCRIPTS[kind]}")
    path.chmod(0o755)
    typer.echo(f"wrote {path}")
