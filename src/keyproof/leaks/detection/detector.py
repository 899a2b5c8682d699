"""What the engine knows of one kind of secret; plain data, so that a scan needs no YAML library."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from keyproof.domain.leak import LeakConfidence


class DetectorKind(StrEnum):
    """How specific a detector is; of two that match the same text the earlier kind is believed."""

    PROVIDER = "provider"
    """A form only one provider issues."""
    FORMAT = "format"
    """A form many issuers share: a PEM key, a JWT, a URL with a password."""
    GENERIC = "generic"
    """A value known as a secret only by the name it is assigned to."""
    FOREIGN = "foreign"
    """Found by another tool's plugin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefilter:
    """What a text must hold before a detector's own pattern is worth running."""

    expression: str
    """A regular expression both Hyperscan and `re` read; matches wherever the detector's pattern does."""
    caseless: bool
    literals: tuple[str, ...]
    """Lower-case texts one of which stands in every match; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One kind of secret: how it looks, what proves it, and what to do when it leaked."""

    id: str
    """Kebab-case, never reused; a generic one begins with `generic-`."""
    title: str
    secret_class: str
    """Joins with the class in policies; empty when the match does not tell."""
    advice: str
    """How to rotate it, with the provider's page."""
    public_prefix: str
    """What every value begins with and may be shown, e.g. `AKIA`; empty when there is none."""
    confidence: LeakConfidence
    """Of a match that no proof raises and no placeholder lowers."""
    vendor: str
    kind: DetectorKind
    pattern: str
    """Regular expression over bytes; group `secret` is the secret where it is not the whole match."""
    prefilter: Prefilter
    width: int
    """The longest match in bytes."""
    multiline: bool = False
    """Whether a match may run over several lines."""
    armoured: bool = False
    """Whether the secret is Base64 in lines: its fingerprint then ignores line ends, quotes and headers."""
    entropy: float = 0.0
    """Shannon entropy in bits a character below which a match is a placeholder."""
    proof: str = ""
    """Name of the proof in `proofs`, or empty."""
    proof_required: bool = False
    """Whether a match that the proof refuses is no secret at all."""
    unlike: str = ""
    """Regular expression over bytes; a secret it is found in is none. Only rules of other tools have one."""
    documented: frozenset[str] = frozenset()
    """First 16 hex digits of SHA-256 of values the provider itself published as examples."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A text that stands in every match of a detector over several lines, in whatever case."""

    text: str
    """Lower-case; empty for a detector that no text leads: its matches can begin anywhere."""
    width: int
    """The longest such match in bytes."""

    def prefilter(self) -> Prefilter:
        """What finds the text."""
        expression = "".join(one if one.isalnum() else f"\\x{ord(one):02x}" for one in self.text)
        return Prefilter(expression=expression, caseless=True, literals=(self.text,))


def anchors(detectors: Iterable[Detector]) -> tuple[Anchor, ...]:
    """Those of the detectors over several lines, each text once."""
    widths: dict[str, int] = {}
    for detector in detectors:
        if detector.multiline:
            for text in detector.prefilter.literals or ("",):
                widths[text] = max(widths.get(text, 0), detector.width)
    return tuple(Anchor(*one) for one in sorted(widths.items()))
