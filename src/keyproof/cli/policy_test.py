"""`keyproof policy test`: the cases beside a policy, judged by it as a run would."""

from pathlib import Path
from typing import Annotated

import typer

from keyproof import config
from keyproof.app.cases import run_suite
from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_file, write_stdout
from keyproof.cli.surroundings import surroundings
from keyproof.domain.case import Suite
from keyproof.errors import ConfigError
from keyproof.policy.cases import load_suites
from keyproof.reporters.cases import covered, render_junit, render_text
from keyproof.wiring.catalog import CHECKS

_FORMATS = {"junit": render_junit, "text": render_text}


def run_cases(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Test files, or packs with a test file beside them; default: the packs of keyproof.yaml.",
            metavar="[FILE…]",
        ),
    ] = None,
    config_file: options.Config = None,
    coverage_min: Annotated[
        int,
        typer.Option("--coverage-min", min=0, max=100, help="Exit 1 when fewer percent of rules are tried."),
    ] = 0,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="A result as text or junit, or as FORMAT=PATH; repeatable; default: text on stdout.",
            metavar="FORMAT[=PATH]",
        ),
    ] = None,
) -> None:
    """Try packs on the made-up secrets of their test files. Exit 1 when a case fails, 2 when a file is invalid."""
    targets = options.parse_formats(formats, sorted(_FORMATS))
    results = [run_suite(suite) for suite in _suites(files, config_file)]
    for target in targets:
        if target.path is not None:
            write_file(target.path, _FORMATS[target.format](results))
    on_stdout = next((target.format for target in targets if target.path is None), "text")
    write_stdout(_FORMATS[on_stdout](results))
    short = covered(results) < coverage_min
    if short:
        typer.echo(f"fewer than {coverage_min} % of the rules are tried", err=True)
    failed = any(result.faults for suite in results for result in suite.results)
    raise typer.Exit(ExitCode.FAILED if failed or short else ExitCode.OK)


def _suites(files: list[str] | None, config_file: Path | None) -> tuple[Suite, ...]:
    """The suites meant. Raises ConfigError when there is no case at all: nothing tried is never fine."""
    if files:
        suites = load_suites(files, root=Path.cwd(), checks=CHECKS)
    else:
        settings = config.load(config_file or config.find(Path.cwd()), surroundings(Path.cwd()).environ)
        suites = load_suites(settings.policies, root=settings.root, checks=CHECKS)
    if not any(suite.cases for suite in suites):
        named = ", ".join(suite.path for suite in suites)
        raise ConfigError(
            f"no case was found for {named}",
            hint="write them beside the pack, for house.yaml in house.test.yaml",
        )
    return suites
