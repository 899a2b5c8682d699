"""`keyproof runs export|verify|key`: evidence to hand over, and whether it is as it was."""

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Any

import typer

from keyproof.app.population import ScopeCount, count_population
from keyproof.app.record import find
from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_bytes
from keyproof.cli.runs import Run, app, reading
from keyproof.cli.runs_data import run as run_data
from keyproof.cli.runs_data import to_json
from keyproof.cli.surroundings import surroundings, version
from keyproof.domain.ledger import RunEntry
from keyproof.domain.wording import count, moment
from keyproof.errors import ConfigError
from keyproof.report.visible import visible
from keyproof.store import bundle
from keyproof.store.bundle import Chain, Contents
from keyproof.store.ledger import Ledger
from keyproof.store.signing import PublicKey, SigningKey, make_key
from keyproof.wiring.catalog import REPORTERS

_KEY_VARIABLE = "KEYPROOF_SIGNING_KEY"
_LIBRARIES = ("cronsim", "detect-secrets", "gitpython", "hyperscan", "jmespath", "pydantic", "pyyaml")
_README = """\
Evidence of run {number} of {organisation}, read {started}, judged as of {as_of} by keyproof {version}.

reports/          the result of the run in every format
record/           the run as the ledger keeps it: what was read (snapshot), rules (policy), findings and result
documents/        keyproof.yaml and the policy, waiver, attestation and baseline files it was judged by
population.json   for each scope how many secrets its backend listed, and what became of each of them
environment.json  the program, its libraries and the machine that packed this
ledger.jsonl      the chain of runs up to this one
manifest.json     every file with its SHA-256

Check it without any network:   keyproof runs verify THIS_FILE --public-key KEY.pub
Or by hand: compare the SHA-256 of each file with manifest.json, that of manifest.json with manifest.sha256, and
    openssl pkeyutl -verify -rawin -pubin -inkey KEY.pub -in manifest.json -sigfile manifest.sig
"""


@app.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The archive to write.", metavar="BUNDLE")],
    run: Run = "latest",
    previous: Annotated[
        Path | None, typer.Option("--previous", help="The bundle this one follows.", metavar="BUNDLE")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            help=f"Private key to sign with; default: the file {_KEY_VARIABLE} names.",
            metavar="FILE",
        ),
    ] = None,
    config: options.Config = None,
) -> None:
    """Write one archive with everything about a run: reports, what was read, policies, and the chain of runs.

    Every file is in a manifest; with a key it is signed (Ed25519).
    """
    named = surroundings(Path.cwd()).environ.get(_KEY_VARIABLE)
    path = key or (Path(named) if named else None)
    signer = SigningKey.load(path) if path else None
    before = bundle.manifest_digest(previous) if previous else None
    with reading(config) as (ledger, runs):
        wanted = find(runs, run)
        content = bundle.pack(_contents(ledger, wanted, before), signer)
    write_bytes(output, content)
    signed = f"signed by {signer.public.fingerprint}" if signer else "not signed: no --key was given"
    typer.echo(f"{output}: run {wanted.number}, {count(len(content), 'byte')}, {signed}", err=True)


def _contents(ledger: Ledger, run: RunEntry, previous: str | None) -> Contents:
    assessment, snapshot = ledger.assessment(run), ledger.snapshot(run)
    reports = {f"reports/{made.filename}": made().render(assessment) for made in REPORTERS.values()}
    names = {
        f"documents/{number:02}-{Path(name).name}": name
        for number, name in enumerate(sorted(ledger.documents(run)), start=1)
    }
    documents = {path: ledger.documents(run)[name] for path, name in names.items()}
    population = [_counted(scope) for scope in count_population(snapshot)]
    readme = _README.format(
        number=run.number, organisation=run.organisation, started=moment(run.started),
        as_of=moment(run.as_of), version=run.version,
    )  # fmt: skip
    texts = {
        "README.txt": readme,
        "population.json": to_json({"judged": len(snapshot.secrets), "scopes": population}),
        "environment.json": to_json(_environment()),
        **reports,
        **documents,
    }
    return Contents(
        chain=Chain(heads=ledger.chain(run)),
        record=ledger.parts(run),
        files={path: text.encode("utf-8", "backslashreplace") for path, text in texts.items()},
        facts={"run": json.loads(to_json(run_data(run))), "documents": names},
        previous=previous,
    )


def _counted(scope: ScopeCount) -> dict[str, Any]:
    return {
        "source": scope.source,
        "scope": scope.scope,
        "status": scope.status,
        "listed_by_the_backend": scope.listed,
        "left_out_by_configuration": scope.left_out,
        "deleted_while_read": scope.gone,
        "read": scope.read,
        "judged_here": scope.judged,
        "judged_under_another_source": scope.shared,
        "unexplained": scope.unexplained,
        "reconciles": scope.reconciles,
    }


def _environment() -> dict[str, Any]:
    import sqlite3  # noqa: PLC0415 (no other command needs it at its start)

    return {
        "keyproof": version(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "libraries": {name: _installed(name) for name in _LIBRARIES},
    }


def _installed(name: str) -> str:
    try:
        return installed(name)
    except PackageNotFoundError:
        return "not installed"


@app.command("verify")
def verify(
    archive: Annotated[
        Path | None,
        typer.Argument(help="A bundle of `runs export`; without one the ledger itself.", metavar="[BUNDLE]"),
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="Whose signature it has to bear.", metavar="FILE")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", help="The bundle it has to follow.", metavar="BUNDLE")
    ] = None,
    contains: Annotated[
        str | None,
        typer.Option(
            "--contains", help="A digest noted earlier: the ledger has to hold it.", metavar="DIGEST"
        ),
    ] = None,
    config: options.Config = None,
) -> None:
    """Check that nothing was changed: a bundle, offline, byte for byte, or the whole ledger and its chain.

    Exit codes: 0 nothing was changed, 1 something was, 2 it cannot be read.
    """
    problems = (
        _verify_ledger(config, contains) if archive is None else _verify_bundle(archive, public_key, previous)
    )
    for problem in problems:
        print(f"keyproof: {visible(problem)}", file=sys.stderr)
    raise typer.Exit(ExitCode.FAILED if problems else ExitCode.OK)


def _verify_ledger(config: Path | None, contains: str | None) -> list[str]:
    with reading(config) as (ledger, _):
        problems = list(ledger.verify())
        runs = ledger.runs()
    if contains is not None and not any(run.digest.startswith(contains.lower()) for run in runs):
        problems.append(f"no run of the ledger has the digest {contains}")
    if not problems:
        last = f"; the last is {runs[-1].digest}" if runs else ""
        typer.echo(f"{count(len(runs), 'run')}, all as they were recorded{last}")
    return problems


def _verify_bundle(archive: Path, public_key: Path | None, previous: Path | None) -> list[str]:
    trusted = PublicKey.load(public_key) if public_key else None
    found = bundle.verify_file(archive, trusted)
    problems = list(found.problems)
    if (
        previous
        and not problems
        and found.manifest.get("previous_bundle") != bundle.manifest_digest(previous)
    ):
        problems.append(f"it does not follow {previous}")
    if not problems:
        run = found.manifest["run"]
        typer.echo(f"{archive}: run {run['number']} of {visible(run['organisation'])}, read {run['started']}")
        typer.echo(f"{count(found.files, 'file')}, all as they were packed; manifest {found.manifest_digest}")
        typer.echo(_signed_by(found.signer, trusted=trusted is not None))
    return problems


def _signed_by(signer: PublicKey | None, *, trusted: bool) -> str:
    if signer is None:
        return "not signed: whoever changed it could have packed it anew; compare the manifest's digest"
    if trusted:
        return f"signed by the key given, {signer.fingerprint}"
    return f"signed by {signer.fingerprint}; say with --public-key whose it has to be"


@app.command("key")
def key(
    path: Annotated[Path, typer.Argument(help="Where to write the private key.", metavar="FILE")],
) -> None:
    """Make a key to sign bundles with: FILE, for this user only, and FILE.pub to give to auditors."""
    if path.exists():
        raise ConfigError(f"{path} is there already", hint="a key is never replaced; name another file")
    public = make_key(path)
    typer.echo(f"wrote {path} and {path}.pub; its fingerprint is {public.fingerprint}")
