"""Names that show what selectors do: the pattern that met a subject, and a name that falls into two classes."""

import re
from collections.abc import Iterator

from keyproof.domain.policy import Selector
from keyproof.domain.subject import Subject
from keyproof.policy.globs import Globs
from keyproof.policy.selector import AllOf, AnyOf, ByAttribute, ByClass, ByName, ByPriority, ByTag

_SET = re.compile(r"\[([^\]]+)\]")


def met_by(selector: Selector, subject: Subject, secret_class: str) -> str:  # noqa: PLR0911 (one line a kind of selector)
    """The part of `selector` that `subject` meets, with the one pattern of several; the subject must match."""
    match selector:
        case AllOf(parts):
            return " and ".join(met_by(part, subject, secret_class) for part in parts)
        case AnyOf(parts):
            first = next(part for part in parts if part.matches(subject, secret_class))
            return met_by(first, subject, secret_class)
        case ByName(names, ids):
            shown = _one_of(names, subject.name) or (_one_of(ids, subject.id) if ids else "")
            return f"name {shown or names}"
        case ByAttribute(attribute, globs):
            return f"{attribute} {_one_of(globs, str(getattr(subject, attribute, ''))) or globs}"
        case ByClass(globs):
            return f"class {_one_of(globs, secret_class) or globs}"
        case ByPriority(globs, of_class):
            priority = subject.priority or of_class.get(secret_class, "")
            return f"priority {_one_of(globs, priority) or globs}"
        case ByTag(key, globs):
            values = (value for name, value in subject.tags.items() if name.lower() == key.lower())
            return f"tag {key} {next((found for value in values if (found := _one_of(globs, value))), globs)}"
        case _:
            return selector.describe()


def _one_of(globs: Globs, text: str) -> str:
    return next((pattern for pattern in globs.patterns if Globs.compile([pattern]).matches(text)), "")


def shadowed(earlier: Selector, later: Selector) -> str:
    """A name made of nothing but the words of `later` that `earlier` takes first; empty when there is none.

    That some name falls into two classes is no fault: of two patterns with stars in them one always does.
    It is one when the plainest name of a class belongs to another: the narrower class then stands too low.
    """
    taken = list(_name_globs(earlier))
    for globs in _name_globs(later):
        for pattern in globs.patterns:
            name = plainest(pattern)
            if name and any(other.matches(name) for other in taken):
                return name
    return ""


def plainest(pattern: str) -> str:
    """The shortest text a glob covers, `x` for a character it leaves open; empty when none is found so."""
    text = _SET.sub(_member, pattern).replace("*", "").replace("?", "x")
    return text if Globs.compile([pattern]).matches(text) else ""


def _member(found: re.Match[str]) -> str:
    """A character of the set; `x` for one that only says which are left out."""
    return "x" if found[1][0] == "!" else found[1][0]


def _name_globs(selector: Selector) -> Iterator[Globs]:
    """The patterns that alone decide whether a name is meant; none where something else has to hold too."""
    match selector:
        case ByName(names, _):
            yield names
        case AnyOf(parts):
            for part in parts:
                yield from _name_globs(part)
        case _:
            return
