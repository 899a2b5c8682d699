"""Every contradiction inside and between policy documents, in one order."""

from collections.abc import Sequence

from keyproof.document import between, commands, dates, examples, keeping, periods
from keyproof.document.contradiction import Contradiction
from keyproof.document.facts import PolicyText


def contradictions(texts: Sequence[PolicyText]) -> tuple[Contradiction, ...]:
    """What cannot all be kept: first by document, then between documents; each once, by kind and place."""
    found: list[Contradiction] = []
    for text in texts:
        inside = [
            *dates.contradictions(text),
            *periods.contradictions(text),
            *keeping.contradictions(text),
            *commands.contradictions(text),
            *examples.contradictions(text),
        ]
        found += sorted(dict.fromkeys(inside), key=lambda one: one.key)
    return (*found, *sorted(dict.fromkeys(between.contradictions(texts)), key=lambda one: one.key))
