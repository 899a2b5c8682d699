"""`keyproof evaluate`: judge snapshots that were taken before; the judging half of `scan`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from keyproof.app.assess import Request, assess
from keyproof.cli import options
from keyproof.cli.recording import Recorder, narrowing, recorder
from keyproof.cli.results import KNOWN_FORMATS, publish
from keyproof.cli.session import Session
from keyproof.cli.surroundings import version
from keyproof.domain.ledger import Command
from keyproof.domain.policy import Policy, Rule
from keyproof.domain.snapshot import Snapshot, merge
from keyproof.errors import ConfigError
from keyproof.store.snapshot import load
from keyproof.strict_yaml import did_you_mean


def evaluate(
    snapshots: Annotated[
        list[Path], typer.Argument(help="Files written by `keyproof collect`.", metavar="SNAPSHOT…")
    ],
    config: options.Config = None,
    as_of: options.AsOf = None,
    formats: options.Formats = None,
    out: options.Out = None,
    fail_on: options.FailOnOption = options.FailOn.LOW,
    rule: options.Rules = None,
    framework: options.Frameworks = None,
    baseline: options.Baseline = None,
    allow_incomplete: options.AllowIncomplete = False,
    no_store: options.NoStore = False,
    quiet: options.Quiet = False,
    _verbose: options.Verbose = 0,
) -> None:
    """Judge one or several snapshots: the same reports and exit codes as `scan`, without any network."""
    gate = options.Gate.asked(
        as_of=as_of,
        fail_on=fail_on,
        rules=rule,
        frameworks=framework,
        allow_incomplete=allow_incomplete,
        baseline=baseline,
    )
    targets = options.parse_formats(formats, KNOWN_FORMATS)
    session = Session.open(config, frameworks=gate.frameworks)
    asked = request(session, gate)
    snapshot = merge([load(path) for path in snapshots])
    narrowed = narrowing(rule=rule, framework=framework)
    with recorder(
        session.settings,
        session.policy,
        Command.EVALUATE,
        no_store=no_store,
        narrowed=narrowed,
        baseline=gate.baseline,
    ) as recording:
        results = options.Results(targets=targets, out=out, quiet=quiet)
        raise typer.Exit(judge(session, snapshot, asked, results, recording))


def judge(
    session: Session, snapshot: Snapshot, asked: Request, results: options.Results, recording: Recorder
) -> int:
    """Assess `snapshot`, record the run, write the results, and return the exit code.

    Raises StoreError, and then the results of earlier runs are left as they are, and OutputError.
    """
    snapshot = recording.detected(snapshot)
    assessment = assess(snapshot, session.policy, asked, finished=session.surroundings.clock.now())
    run = recording.record(snapshot, assessment)
    code = publish(
        assessment,
        targets=results.targets,
        out=results.out,
        quiet=results.quiet,
        environ=session.surroundings.environ,
    )
    if run and not results.quiet:
        typer.echo(f"recorded as run {run.number}", err=True)
    return code


def request(session: Session, gate: options.Gate) -> Request:
    """How a run is to be judged. Raises ConfigError for a rule that no pack has."""
    return Request(
        as_of=gate.as_of,
        organisation=session.settings.organisation,
        config_digest=session.settings.digest,
        version=version(),
        fail_on=gate.fail_on,
        allow_incomplete=gate.allow_incomplete,
        keep_rule=_filter(session.policy, gate),
        baseline=gate.baseline,
    )


def _filter(policy: Policy, gate: options.Gate) -> Callable[[Rule], bool]:
    """Whether a rule is among those asked for by `--rule` and `--framework`."""
    known = {rule.id for pack in policy.packs for rule in pack.rules}
    for wanted in gate.rules:
        if wanted not in known:
            raise ConfigError(f"--rule: unknown rule '{wanted}'", hint=did_you_mean(wanted, sorted(known)))

    def keep(rule: Rule) -> bool:
        frameworks = {edge.id.partition(":")[0] for edge in rule.controls}
        by_framework = not gate.frameworks or not frameworks.isdisjoint(gate.frameworks)
        return by_framework and (not gate.rules or rule.id in gate.rules)

    return keep
