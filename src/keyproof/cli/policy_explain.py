"""`keyproof policy explain`: which line set each value of a rule, and why a secret's verdict is what it is."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from keyproof.app.explain import EnvironmentGlob, Explainer
from keyproof.cli import options
from keyproof.cli.output import write_stdout
from keyproof.cli.policy_frameworks import control_lines, control_named
from keyproof.cli.session import Session
from keyproof.config import Settings
from keyproof.domain.policy import Rule
from keyproof.domain.secret import SourceLine
from keyproof.domain.subject import Subject
from keyproof.errors import ConfigError
from keyproof.policy.witness import met_by
from keyproof.strict_yaml import did_you_mean

_MOST_NAMED = 8


def explain(
    what: Annotated[
        str,
        typer.Argument(
            help="A rule, a control such as soc2:CC6.1, or a secret by id, name or part of one.",
            metavar="SECRET|RULE|CONTROL",
        ),
    ],
    rule: Annotated[
        str | None, typer.Argument(help="With a secret: the rule to explain on it.", metavar="[RULE]")
    ] = None,
    config: options.Config = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            "--snapshot", help="A file of `keyproof collect`; default: read the sources now.", metavar="FILE"
        ),
    ] = None,
    as_of: options.AsOf = None,
    jobs: options.Jobs = 8,
    no_progress: options.NoProgress = False,
) -> None:
    """Print where a rule's values come from, what decides on a secret, both for a pair, or what shows a control."""
    now = options.parse_as_of(as_of)
    if rule is None and (framework := control_named(what)):
        policy = Session.open(config, frameworks=(framework,)).policy
        write_stdout("\n".join(control_lines(what, policy.packs)))
        return
    session = Session.open(config)
    read = session.snapshot([snapshot] if snapshot else None, jobs=jobs, progress=not no_progress)
    explainer = Explainer(
        policy=session.policy,
        snapshot=read,
        now=now,
        met_by=met_by,
        environments=tuple(_environments(session.settings)),
    )
    write_stdout(_explained(explainer, what, rule))


def _explained(explainer: Explainer, what: str, rule: str | None) -> str:
    if rule is not None:
        subject = _one_subject(explainer, what)
        return "\n".join(explainer.verdict(subject, found) for found in _rules(explainer, rule))
    if rules := explainer.rules(what):
        return "\n".join(
            [*(explainer.rule(found) for found in rules), *filter(None, [explainer.disabled(what)])]
        )
    if reasons := explainer.disabled(what):
        return reasons
    return explainer.subject(_one_subject(explainer, what))


def _rules(explainer: Explainer, name: str) -> Sequence[Rule]:
    """The rules called so, of every pack. Raises ConfigError when there is none."""
    if found := explainer.rules(name):
        return found
    if reasons := explainer.disabled(name):
        raise ConfigError(reasons.strip(), hint="name a rule that is in force")
    known = sorted({rule.id for pack in explainer.policy.packs for rule in pack.rules})
    raise ConfigError(f"no loaded pack has a rule '{name}'", hint=did_you_mean(name, known))


def _one_subject(explainer: Explainer, name: str) -> Subject:
    """The only subject called so. Raises ConfigError when there is none, or several."""
    found = explainer.subjects(name)
    if len(found) == 1:
        return found[0]
    if not found:
        known = [subject.name for subject in explainer.subjects("")]
        rules = [rule.id for pack in explainer.policy.packs for rule in pack.rules]
        hint = did_you_mean(name, sorted({*known, *rules}))
        if not hint.startswith("did you mean"):
            hint = "`keyproof policy list` shows the rules, a report the secrets"
        if explainer.unread:
            hint += f"; not read in full: {', '.join(explainer.unread)}"
        raise ConfigError(f"neither a rule nor anything that was read is called '{name}'", hint=hint)
    ids = [subject.id for subject in found]
    shown = ", ".join(ids[:_MOST_NAMED]) + (
        f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
    )
    raise ConfigError(f"'{name}' can mean {len(ids)} subjects", hint=f"write the id of one: {shown}")


def _environments(settings: Settings) -> Iterator[EnvironmentGlob]:
    """The globs of keyproof.yaml with their lines, in the order in which they are tried."""
    document = settings.document
    for name, globs in settings.environments.items():
        for index, glob in enumerate(globs):
            line, _ = document.place(("environments", name, index))
            yield EnvironmentGlob(
                environment=name, glob=glob, place=SourceLine(path=document.path, line=line)
            )
