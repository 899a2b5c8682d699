"""`keyproof scan`: collect, search, evaluate, report, gate."""

import typer

from keyproof.cli import options
from keyproof.cli.evaluate import judge, request
from keyproof.cli.recording import narrowing, recorder
from keyproof.cli.results import KNOWN_FORMATS
from keyproof.cli.session import Session
from keyproof.domain.ledger import Command


def scan(
    config: options.Config = None,
    as_of: options.AsOf = None,
    formats: options.Formats = None,
    out: options.Out = None,
    fail_on: options.FailOnOption = options.FailOn.LOW,
    source: options.Sources = None,
    rule: options.Rules = None,
    framework: options.Frameworks = None,
    baseline: options.Baseline = None,
    jobs: options.Jobs = 8,
    executor: options.ExecutorOption = options.Where.LOCAL,
    allow_incomplete: options.AllowIncomplete = False,
    no_store: options.NoStore = False,
    quiet: options.Quiet = False,
    _verbose: options.Verbose = 0,
    no_progress: options.NoProgress = False,
) -> None:
    """Collect metadata from every source, search the repositories, judge by every rule, record the run, and report.

    Exit codes: 0 in order, 1 at least one finding fails, 2 invalid input, 3 something could not be
    looked at, 70 a bug, 130 interrupted.
    """
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
    narrowed = narrowing(source=source, rule=rule, framework=framework)
    with recorder(
        session.settings,
        session.policy,
        Command.SCAN,
        no_store=no_store,
        narrowed=narrowed,
        baseline=gate.baseline,
    ) as recording:
        snapshot = session.take_snapshot(
            only=tuple(source or ()),
            jobs=jobs,
            progress=not no_progress,
            on_cluster=executor is options.Where.DASK,
        )
        results = options.Results(targets=targets, out=out, quiet=quiet)
        raise typer.Exit(judge(session, snapshot, asked, results, recording))
