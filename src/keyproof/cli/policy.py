"""`keyproof policy`: look at packs, check them, and print the schema editors use."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from keyproof import config
from keyproof.cli import options, policy_explain, policy_frameworks, policy_import, policy_lint, policy_test
from keyproof.cli.output import write_stdout
from keyproof.cli.surroundings import surroundings
from keyproof.domain.policy import Policy
from keyproof.errors import ConfigError
from keyproof.policy.files import shipped_packs
from keyproof.policy.loader import load_policy
from keyproof.policy.schema import (
    attestations_schema,
    baseline_schema,
    pack_schema,
    policy_test_schema,
    waivers_schema,
)
from keyproof.wiring.catalog import CHECKS
from keyproof.wiring.compose import compose_policy

app = typer.Typer(no_args_is_help=True, help="Look at policy packs, check and test them, print their schema.")
app.command("lint")(policy_lint.lint)
app.command("test")(policy_test.run_cases)
app.command("explain")(policy_explain.explain)
app.command("import")(policy_import.policy_import)


@app.command("list")
def list_packs(
    frameworks: Annotated[
        list[str] | None,
        typer.Option(
            "--framework",
            help="Print the controls of this framework instead, each with its rules; repeat it, or name all.",
            metavar="FRAMEWORK",
        ),
    ] = None,
    config_file: options.Config = None,
) -> None:
    """Print every pack of keyproof.yaml with its rules; without a keyproof.yaml the shipped packs."""
    asked = policy_frameworks.frameworks_named(frameworks or ())
    try:
        policy, _ = _load(None, config_file, asked)
    except ConfigError as error:
        if error.problems or config_file:
            raise
        policy, _ = _load(_shipped(), None, asked)
    if asked:
        blocks = ("\n".join(policy_frameworks.framework_lines(name, policy.packs)) for name in asked)
        write_stdout("\n\n".join(blocks))
        return
    for pack in policy.packs:
        typer.echo(f"{pack.id} {pack.version}: {pack.title}")
        for rule in pack.rules:
            typer.echo(f"  {rule.id:32} {rule.check.kind:20} {rule.title}")


def _shipped() -> list[str]:
    return sorted(name for name, path in shipped_packs().items() if path.parent.name == "packs")


@app.command("schema")
def schema(
    document: Annotated[
        str,
        typer.Argument(
            help="policy-pack, policy-test, waivers, attestations, baseline or config.", metavar="DOCUMENT"
        ),
    ] = "policy-pack",
) -> None:
    """Print the JSON Schema of a document, for editors."""
    schemas = {
        "policy-pack": lambda: pack_schema(CHECKS),
        "policy-test": policy_test_schema,
        "waivers": waivers_schema,
        "attestations": attestations_schema,
        "baseline": baseline_schema,
        "config": config.schema,
    }
    if document not in schemas:
        raise ConfigError(f"unknown document '{document}'", hint=f"one of {', '.join(schemas)}")
    write_stdout(json.dumps(schemas[document](), indent=2, sort_keys=True))


def _load(
    packs: list[str] | None, config_file: Path | None, frameworks: Sequence[str] = ()
) -> tuple[Policy, tuple[str, ...]]:
    """The policy, and the environments that the configuration can give; `frameworks` replace those it names."""
    if packs:
        return load_policy(packs, root=Path.cwd(), checks=CHECKS, frameworks=frameworks), ()
    world = surroundings(Path.cwd())
    settings = config.load(config_file or config.find(Path.cwd()), world.environ)
    return compose_policy(settings, frameworks=frameworks), tuple(settings.environments)
