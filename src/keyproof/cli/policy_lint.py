"""`keyproof policy lint`: what is wrong with packs, what is doubtful, and what meets nothing that was read."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from keyproof import config
from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.surroundings import surroundings
from keyproof.domain.policy import Policy
from keyproof.domain.wording import count
from keyproof.errors import Problem
from keyproof.policy.doubt import in_order
from keyproof.policy.files import is_shipped
from keyproof.policy.lint import lint as lint_policy
from keyproof.policy.loader import load_policy
from keyproof.policy.unmet import unmet
from keyproof.store.snapshot import load
from keyproof.wiring.catalog import CHECKS
from keyproof.wiring.compose import compose_policy


def lint(
    packs: Annotated[
        list[str] | None,
        typer.Argument(help="Pack files or shipped ids; default: those of keyproof.yaml.", metavar="[PACK…]"),
    ] = None,
    config_file: options.Config = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            "--snapshot",
            help="A file of `keyproof collect`: also name what meets nothing in it.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Check packs: every error with its line, then what is legal but doubtful. Exit 2 on errors, 1 on doubts.

    A note is no doubt: for example that a rule of a shipped or an inherited pack meets nothing in the snapshot.
    """
    policy, environments, root = _loaded(packs, config_file)
    doubts = lint_policy(policy, environments=environments)
    notes: tuple[Problem, ...] = ()
    if snapshot:
        found = unmet(policy, load(snapshot), shipped=lambda name: is_shipped(name, root=root))
        doubts, notes = in_order([*doubts, *found.doubts]), found.notes
    for doubt in doubts:
        typer.echo(str(doubt))
    for note in notes:
        typer.echo(f"note: {note}")
    rules = sum(len(pack.rules) for pack in policy.packs)
    noted = f", {count(len(notes), 'note')}" if notes else ""
    typer.echo(
        f"{count(len(policy.packs), 'pack')} with {count(rules, 'rule')} loaded; "
        f"{count(len(doubts), 'doubtful place')}{noted}",
        err=True,
    )
    raise typer.Exit(ExitCode.FAILED if doubts else ExitCode.OK)


def _loaded(packs: list[str] | None, config_file: Path | None) -> tuple[Policy, Collection[str], Path]:
    """The policy, the environments that the configuration can give, and the folder that names start from."""
    if packs:
        return load_policy(packs, root=Path.cwd(), checks=CHECKS), (), Path.cwd()
    world = surroundings(Path.cwd())
    settings = config.load(config_file or config.find(Path.cwd()), world.environ)
    return compose_policy(settings), tuple(settings.environments), settings.root
