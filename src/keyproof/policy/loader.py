"""Loading everything a run is judged by, with all that is wrong in all files told at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from keyproof.check_model import CheckModel
from keyproof.domain.attestation import Attestation
from keyproof.domain.policy import Framework, Policy, PolicyPack, Waiver
from keyproof.errors import PolicyError, Problem
from keyproof.policy.attestations import AttestationLoader, attach, attestation_content
from keyproof.policy.catalogue import Catalogues, shipped_catalogues
from keyproof.policy.compiler import PackCompiler
from keyproof.policy.digest import digest, framework_content, waiver_content
from keyproof.policy.files import Found, PackFile, find
from keyproof.policy.layers import EffectivePack, Layering, merge
from keyproof.policy.repeated import judge_once
from keyproof.policy.waivers import WaiverLoader


def load_policy(
    references: Sequence[str],
    *,
    root: Path,
    checks: Mapping[str, type[CheckModel]],
    frameworks: Sequence[str] = (),
    waivers: Sequence[str] = (),
    attestations: Sequence[str] = (),
) -> Policy:
    """Load packs (shipped ids, paths or globs below `root`), waivers, attestations and control catalogues.

    `checks` are the rule kinds by name. Without `frameworks` those are loaded that the rules name; with them, a rule
    keeps its mappings to other frameworks only where a waiver or an attestation names the control.
    Raises PolicyError with every problem of every file.
    """
    if not references:
        raise PolicyError("no policy is named", hint="name at least one, for example 'baseline'")
    problems: list[Problem] = []
    catalogues = Catalogues(problems=problems)
    effective = _effective(references, root, problems)
    packs = tuple(
        PackCompiler(pack=pack, checks=checks, catalogues=catalogues, problems=problems).compile()
        for pack in effective
    )
    asked = frameworks or _named(packs)
    found = catalogues.asked_for(asked)
    loader = WaiverLoader(
        root=root,
        classes=_class_ids(effective),
        priority_of_class={c.id: c.priority for pack in packs for c in pack.classes},
        catalogues=catalogues,
        problems=problems,
        rules=_rule_names(effective, packs),
    )
    accepted = loader.load(waivers)
    attested = AttestationLoader(
        root=root, packs=None if problems else packs, checks=checks, catalogues=catalogues, problems=problems
    ).load(attestations)
    if problems:
        raise PolicyError.of(_in_order(problems))
    wanted = {framework.id for framework in found}
    named = {waiver.control for waiver in accepted} | {one.control for one in attested}
    return Policy(
        packs=tuple(_told(pack, wanted, named) for pack in attach(judge_once(packs), attested)),
        frameworks=found,
        waivers=accepted,
        attestations=attested,
        digest=_digest(packs, found, accepted, attested),
    )


def _told(pack: PolicyPack, frameworks: Collection[str], controls: Collection[str]) -> PolicyPack:
    """The pack with those mappings only that are about one of the frameworks, or that a waiver or attestation names."""
    rules = []
    for rule in pack.rules:
        kept = tuple(
            edge for edge in rule.controls if edge.id.partition(":")[0] in frameworks or edge.id in controls
        )
        rules.append(rule if len(kept) == len(rule.controls) else replace(rule, controls=kept))
    return replace(pack, rules=tuple(rules))


def _effective(references: Sequence[str], root: Path, problems: list[Problem]) -> list[EffectivePack]:
    layering = Layering(root=root, problems=problems)
    files = _files(references, layering, root, problems)
    effective = []
    for file in files:
        layers, complete = layering.layers(file)
        effective.append(merge(layers, complete=complete, problems=problems))
    return effective


def _files(
    references: Sequence[str], layering: Layering, root: Path, problems: list[Problem]
) -> list[PackFile]:
    found: dict[Path, Found] = {}
    for reference in references:
        hits, hint = find(reference, root=root)
        if not hits:
            problems.append(Problem(path=reference, message="there is no such policy pack", hint=hint))
        found |= {hit.path: hit for hit in hits}
    files = [file for hit in found.values() if (file := layering.read(hit))]
    first: dict[str, PackFile] = {}
    for file in files:
        other = first.setdefault(file.metadata.id, file)
        if other is not file and file.sound and other.sound:
            problems.append(
                file.document.problem(
                    ("metadata", "id"),
                    f"the pack id '{file.metadata.id}' is also used by {other.found.name}",
                    "give each pack an id of its own",
                )
            )
    return files


def _class_ids(effective: Sequence[EffectivePack]) -> frozenset[str] | None:
    if not all(pack.complete for pack in effective):
        return None
    return frozenset(name for pack in effective for name in pack.class_ids)


def _rule_names(effective: Sequence[EffectivePack], packs: Sequence[PolicyPack]) -> frozenset[str] | None:
    """Every rule as a waiver may name it, broken ones included; None while not all of them are known."""
    if not effective or not all(pack.complete for pack in effective):
        return None
    written = {(pack.file.metadata.id, name) for pack in effective for name in pack.rules}
    pairs = written | {(pack.id, rule.id) for pack in packs for rule in pack.rules}
    return frozenset(name for pack, rule in pairs for name in (rule, f"{pack}/{rule}"))


def _named(packs: Sequence[PolicyPack]) -> list[str]:
    claims = (claim.id for pack in packs for rule in pack.rules for claim in rule.controls)
    return sorted({claim.partition(":")[0] for claim in claims} & set(shipped_catalogues()))


def _digest(
    packs: Sequence[PolicyPack],
    frameworks: Sequence[Framework],
    waivers: Sequence[Waiver],
    attestations: Sequence[Attestation],
) -> str:
    content = {
        "packs": {pack.id: pack.digest for pack in packs},
        "frameworks": [framework_content(framework) for framework in frameworks],
        "waivers": digest([waiver_content(waiver) for waiver in waivers]),
    }
    if attestations:
        content["attestations"] = digest([attestation_content(one) for one in attestations])
    return digest(content)


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, by file and place: a shared base is merged more often than it is read."""
    return sorted(
        dict.fromkeys(problems), key=lambda p: (p.path, p.line or 0, p.column or 0, p.message, p.hint)
    )
