"""`keyproof attestation`: what people vouch for where no scan can look, and which duties nobody vouches for."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import typer

from keyproof.checks.attested import Attested
from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.session import Session
from keyproof.domain.attestation import Attestation, AttestationState
from keyproof.domain.check import Context
from keyproof.domain.duration import Duration
from keyproof.domain.policy import Policy, PolicyPack, Rule
from keyproof.domain.verdict import Outcome
from keyproof.domain.wording import count
from keyproof.report.visible import visible

app = typer.Typer(no_args_is_help=True, help="What people attest, with its state, and what nobody attests.")

_SOON = 14
"""Days before its last day from which an attestation is to be given again, as for waivers."""


@app.command("list")
def list_attestations(config: options.Config = None, as_of: options.AsOf = None) -> None:
    """Print every attestation of keyproof.yaml with its state and its last day."""
    day = options.parse_as_of(as_of).date()
    policy = Session.open(config).policy
    duties = [rule for _, rule, _ in _duties(policy)]
    for one in policy.attestations:
        demanded = _shortest(one, duties)
        until = one.until(demanded)
        about = one.rule or one.control
        line = (
            f"{one.id:28} {_state(one, day, demanded):8} until {until}  {about} by {one.by}: {one.statement}"
        )
        typer.echo(visible(line))


@app.command("check")
def check(config: options.Config = None, as_of: options.AsOf = None) -> None:
    """Exit 1 when a rule wants an attestation that is missing, has lapsed, or lapses within 14 days."""
    moment = options.parse_as_of(as_of)
    missing = 0
    for pack, rule, duty in _duties(Session.open(config).policy):
        if said := _wanting(pack, rule, duty, moment):
            missing += 1
            place = f"{rule.place.path}:{rule.place.line}: " if rule.place else ""
            typer.echo(visible(f"{place}{rule.pack}/{rule.id}: {said}"))
    raise typer.Exit(ExitCode.FAILED if missing else ExitCode.OK)


def _duties(policy: Policy) -> Iterator[tuple[PolicyPack, Rule, Attested]]:
    """Every rule that wants an attestation, in the pack that judges it."""
    for pack in policy.packs:
        for rule in pack.rules:
            if isinstance(rule.check, Attested) and not rule.judged_in:
                yield pack, rule, rule.check


def _shortest(one: Attestation, duties: Sequence[Rule]) -> Duration | None:
    """The period of the rule that lets `one` hold for the shortest time; None when none sets any."""
    asked = [
        rule.check.every for rule in duties if isinstance(rule.check, Attested) and one in rule.attestations
    ]
    return min((period for period in asked if period), key=one.until, default=None)


def _state(one: Attestation, day: date, demanded: Duration | None) -> str:
    state = one.state_on(day, demanded)
    soon = state is AttestationState.VALID and (one.until(demanded) - day).days <= _SOON
    return "lapsing" if soon else state.value


def _wanting(pack: PolicyPack, rule: Rule, duty: Attested, moment: datetime) -> str:
    """What is missing for the rule to be attested for longer than two weeks; empty when nothing is."""
    verdict = duty.evaluate(pack.document, Context(now=moment, attestations=rule.attestations))
    if verdict.outcome is not Outcome.MANUAL or verdict.due is None:
        return verdict.reason
    left = (verdict.due - moment.date()).days
    return f"lapses in {count(left, 'day')}: {verdict.reason}" if left <= _SOON else ""
