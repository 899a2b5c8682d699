"""Reads the rule files of other scanners at run time, and says of each rule what became of it.

gitleaks and Betterleaks TOML, Kingfisher and Nosey Parker YAML, CredSweeper YAML. Nothing a file names is run or
asked over the network, and no rule is dropped without a word: each is translated, approximated or refused.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from keyproof.domain.leak import LeakConfidence
from keyproof.errors import PolicyError, Problem
from keyproof.leaks.detection.detector import Detector, DetectorKind, Prefilter
from keyproof.leaks.detection.dialect import Rewriter, count_groups
from keyproof.leaks.detection.prefilter import derive, width

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_WIDTH = 2048
"""Bytes a match of a rule within one line may have."""
_WIDTH = 16_000
"""Bytes a match of a rule over several lines may have."""
_SEVERAL_LINES = re.compile(r"\\[nr](?![^\[]*\])|\(\?[a-z]*s[a-z]*[:)]|PRIVATE KEY")
_ADVICE = "Rotate it where it was issued; the rule file that found it is {file}."
_KEYWORD = (
    r"(?i)(?<![\w])(?P<name>[\w.-]{{0,50}}?(?:{keyword})[\w.-]{{0,40}})[\"'\])]{{0,3}}\s{{0,8}}(?::=|=>|[=:,(])\s{{0,8}}"
    r"(?P<quote>[\"'`]?)(?P<secret>[^\s\"'`,;(){{}}<>]{{4,300}})(?P=quote)"
)
"""A CredSweeper keyword as an assignment to a name that holds it."""


class Outcome(StrEnum):
    """What became of a rule."""

    TRANSLATED = "translated"
    APPROXIMATED = "approximated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRule:
    """A rule of another tool, with the detector that stands for it here."""

    id: str
    """As the file has it."""
    outcome: Outcome
    reason: str
    """What differs, or why it is refused; empty when translated."""
    detector: Detector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What a rule says, whichever tool wrote it."""

    id: str
    title: str
    pattern: str
    secret: int | str = 0
    """The group that holds the secret: a number, a name, or 0 for the only or first one."""
    keywords: tuple[str, ...] = ()
    entropy: float = 0.0
    unlike: tuple[str, ...] = ()
    """Patterns, in Python's dialect, that a secret of this rule does not hold."""
    python: bool = False
    """Whether the pattern is written for `re` already."""
    doubtful: bool = False
    examples: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    refused: str = ""


def read_all(paths: Sequence[Path]) -> tuple[ForeignRule, ...]:
    """The rules of several files, each under an id of its own. Raises PolicyError."""
    taken: set[str] = set()
    return tuple(rule for path in paths for rule in read(path, taken))


def read(path: Path, taken: set[str] | None = None) -> tuple[ForeignRule, ...]:
    """The rules of one file, in its order, with ids beside those `taken`. Raises PolicyError when it is no rule file."""
    taken = set() if taken is None else taken
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            return _translated("gitleaks", path, taken, _gitleaks(tomllib.loads(text)))
        written = yaml.load(text, _LOADER)  # noqa: S506 (either loader is the safe one)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as cause:
        raise _unreadable(path, f"the file cannot be read: {cause}") from cause
    if isinstance(written, Mapping) and isinstance(written.get("rules"), list):
        return _translated("kingfisher", path, taken, map(_kingfisher, _mappings(written["rules"])))
    if isinstance(written, list):
        return _translated("credsweeper", path, taken, _credsweeper(_mappings(written)))
    raise _unreadable(path, "the file holds no rules of a known form")


def _unreadable(path: Path, message: str) -> PolicyError:
    hint = "gitleaks or Betterleaks TOML; Kingfisher, Nosey Parker or CredSweeper YAML"
    return PolicyError.of([Problem(path=str(path), message=message, hint=hint)])


def _mappings(items: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    return (item for item in items if isinstance(item, Mapping))


def _translated(tool: str, path: Path, taken: set[str], rules: Iterable[_Source]) -> tuple[ForeignRule, ...]:
    return tuple(_translate(tool, path, rule, taken) for rule in rules)


def _translate(tool: str, path: Path, rule: _Source, taken: set[str]) -> ForeignRule:
    if rule.refused:
        return ForeignRule(id=rule.id, outcome=Outcome.REFUSED, reason=rule.refused)
    differs = list(rule.differs)
    try:
        pattern = _rewritten(rule, differs)
        compiled = re.compile(pattern.encode())
        prefilter = _prefilter(rule, pattern, differs)
    except (ValueError, re.error, OverflowError) as cause:
        return ForeignRule(id=rule.id, outcome=Outcome.REFUSED, reason=str(cause))
    several = bool(_SEVERAL_LINES.search(rule.pattern))
    if not several and (r"\s" in rule.pattern or width(pattern) > _LINE_WIDTH):
        differs.append(f"a match stays within one line and {_LINE_WIDTH} bytes")
    examples = [example.encode() for example in rule.examples]
    if examples and not any(compiled.search(example) for example in examples):
        return ForeignRule(
            id=rule.id, outcome=Outcome.REFUSED, reason="it does not match its own examples here"
        )
    detector = Detector(
        id=_unique(f"{tool}-{_kebab(rule.id)}", taken),
        title=rule.title or rule.id,
        secret_class="",
        advice=_ADVICE.format(file=path.name),
        public_prefix="",
        confidence=LeakConfidence.POSSIBLE if rule.doubtful else LeakConfidence.LIKELY,
        vendor=tool,
        kind=DetectorKind.PROVIDER,
        pattern=pattern,
        prefilter=prefilter,
        width=_WIDTH if several else _LINE_WIDTH,
        multiline=several,
        entropy=rule.entropy,
        unlike="|".join(f"(?:{pattern})" for pattern in rule.unlike),
    )
    outcome = Outcome.APPROXIMATED if differs else Outcome.TRANSLATED
    return ForeignRule(id=rule.id, outcome=outcome, reason="; ".join(differs), detector=detector)


def _rewritten(rule: _Source, differs: list[str]) -> str:
    if not (rule.pattern + "".join(rule.unlike)).isascii():
        raise ValueError("characters beyond ASCII are not looked for in a search of bytes")
    if rule.python:
        return re.sub(rf"(\(\?P<|\(\?P=|\(\?\(){rule.secret}\b", r"\1secret", rule.pattern)
    groups, names = count_groups(rule.pattern)
    secret = rule.secret
    if secret == 0 and groups:
        secret = next((name for name in names if name.upper() in {"TOKEN", "VALUE", "SECRET"}), 1)
        if secret == 1 and groups > 1:
            differs.append("of several groups the first is taken for the secret")
    if isinstance(secret, int) and secret > groups:
        raise ValueError(f"it has no group {secret}")
    return Rewriter(rule.pattern, secret=secret).rewrite()


def _prefilter(rule: _Source, pattern: str, differs: list[str]) -> Prefilter:
    """From the pattern, else from the keywords; a rule with neither is searched for everywhere, slowly."""
    try:
        derived = derive(pattern)
    except re.error:
        derived = None
    if derived is not None and min(map(len, derived.literals), default=0) > 1:
        return derived
    if rule.keywords:
        differs.append("a keyword must stand on the line of the match")
        either = "|".join(re.escape(word) for word in rule.keywords)
        return derive(f"(?i)(?:{either})")
    if derived is None:
        raise ValueError("nothing in it can be looked for quickly")
    differs.append("no text leads it, so it is slow")
    return derived


def _gitleaks(written: Mapping[str, Any]) -> Iterator[_Source]:
    """https://github.com/gitleaks/gitleaks#configuration; Betterleaks adds expressions, which are not evaluated."""
    extend = written.get("extend", {})
    if extend.get("useDefault"):
        yield _refusal(
            "extend.useDefault", "gitleaks' own rules are not shipped here: give the path of its file"
        )
    if extend.get("path") or extend.get("url"):
        yield _refusal("extend.path", "another file is not followed: give its path as well")
    shared, shared_differs = _allowlists(written)
    disabled = set(extend.get("disabledRules", ()))
    for rule in _mappings(written.get("rules", ())):
        name = str(rule.get("id", "unnamed"))
        if name in disabled:
            yield _refusal(name, "the file disables it")
            continue
        if not rule.get("regex"):
            yield _refusal(name, "it looks at file names only")
            continue
        unlike, differs = _allowlists(rule)
        told = {
            "path": "it is applied under every path",
            "filter": "its filter expression is not evaluated",
            "validate": "nothing is asked over the network",
            "required": "the other rules it requires are not looked at",
        }
        yield _Source(
            id=name,
            title=str(rule.get("description", "")),
            pattern=str(rule["regex"]),
            secret=int(rule.get("secretGroup", 0)),
            keywords=tuple(map(str, rule.get("keywords", ()))),
            entropy=float(rule.get("entropy", 0)),
            unlike=(*shared, *unlike),
            differs=(*shared_differs, *differs, *(text for key, text in told.items() if rule.get(key))),
        )


def _allowlists(owner: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Patterns a secret must not hold, and what of the allow lists is not applied."""
    lists = [*_mappings(owner.get("allowlists", ()))]
    if isinstance(owner.get("allowlist"), Mapping):
        lists.append(owner["allowlist"])
    unlike, differs = list[str](), list[str]()
    for one in lists:
        kinds = [key for key in ("regexes", "stopwords", "paths", "commits") if one.get(key)]
        if str(one.get("condition", "OR")).upper() in {"AND", "&&"} and len(kinds) > 1:
            differs.append("an allow list of several conditions at once is not applied")
            continue
        if one.get("regexTarget") in {"match", "line"} and one.get("regexes"):
            differs.append(f"an allow list over the {one['regexTarget']} is not applied")
        elif one.get("regexes"):
            unlike += _unlike(one["regexes"], differs)
        if one.get("stopwords"):
            words = "|".join(re.escape(str(word)) for word in one["stopwords"])
            unlike.append(f"(?i:{words})")
        differs += [
            f"its allow list of {kind} is not applied" for kind in ("paths", "commits") if one.get(kind)
        ]
    return tuple(unlike), tuple(dict.fromkeys(differs))


def _unlike(regexes: Sequence[Any], differs: list[str]) -> Iterator[str]:
    for regex in regexes:
        try:
            pattern = Rewriter(str(regex)).rewrite()
            re.compile(pattern)
        except (ValueError, re.error) as cause:
            differs.append(f"an allow pattern is left out: {cause}")
            continue
        yield pattern


def _refusal(name: str, reason: str) -> _Source:
    return _Source(id=name, title="", pattern="", refused=reason)


_COUNTED = {
    "min_digits": "0-9",
    "min_uppercase": "A-Z",
    "min_lowercase": "a-z",
    "min_special_chars": r"!-/:-@\[-`{-~",
}


def _kingfisher(rule: Mapping[str, Any]) -> _Source:
    """https://github.com/mongodb/kingfisher/blob/main/docs/RULES.md; Nosey Parker's rules are the same without demands."""
    name = str(rule.get("id") or rule.get("name") or "unnamed")
    if not rule.get("pattern"):
        return _refusal(name, "it has no pattern")
    demands = rule.get("pattern_requirements") or {}
    unlike = [
        rf"\A[^{members}]*(?:[{members}][^{members}]*){{0,{int(demands[key]) - 1}}}\Z"
        for key, members in _COUNTED.items()
        if int(demands.get(key, 0)) > 0
    ]
    ignored = [re.escape(str(word)) for word in demands.get("ignore_if_contains", ())]
    if ignored:
        unlike.append(f"(?i:{'|'.join(ignored)})")
    told = {
        "validation": "nothing is asked over the network",
        "depends_on_rule": "the rules it depends on are not looked at",
    }
    differs = [text for key, text in told.items() if rule.get(key)]
    if demands.get("checksum"):
        differs.append("its checksum is not computed")
    return _Source(
        id=name,
        title=str(rule.get("name", "")),
        pattern=str(rule["pattern"]),
        entropy=float(rule.get("min_entropy") or 0),
        unlike=tuple(unlike),
        doubtful=str(rule.get("confidence", "")).lower() == "low",
        examples=tuple(str(example) for example in rule.get("examples", ()) if isinstance(example, str)),
        differs=tuple(differs),
    )


def _credsweeper(rules: Iterable[Mapping[str, Any]]) -> Iterator[_Source]:
    """https://credsweeper.readthedocs.io/en/latest/how_to_contribute.html: keywords, patterns; the rest is refused."""
    for rule in rules:
        name, kind = str(rule.get("name", "unnamed")), rule.get("type")
        values = [str(value) for value in rule.get("values") or ()]
        keywords = tuple(str(text) for text in rule.get("required_substrings") or ())
        if kind not in {"keyword", "pattern"} or not values:
            reason = (
                "our own detectors find private keys"
                if kind == "pem_key"
                else f"a rule of type {kind} is not known"
            )
            yield _refusal(name, "it spans several places" if kind == "multi" else reason)
            continue
        differs = []
        if rule.get("use_ml"):
            differs.append("its model is not asked")
        if rule.get("filter_type"):
            differs.append("its filters are not run, ours are")
        for value in values:
            yield _Source(
                id=name,
                title=name,
                pattern=_KEYWORD.format(keyword=value) if kind == "keyword" else value,
                secret="secret" if kind == "keyword" else "value",
                python=True,
                keywords=keywords,
                doubtful=kind == "keyword" or str(rule.get("confidence", "")) == "weak",
                differs=tuple(differs),
            )


def _kebab(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "rule"


def _unique(name: str, taken: set[str]) -> str:
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique)
    return unique
