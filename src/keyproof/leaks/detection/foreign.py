"""Runs detect-secrets' own plugins on the lines their patterns can match, at the speed of one pass.

Only the plugins of the installed package are used, never one a scanned repository names; no plugin verifies
anything over the network, and nothing is logged. Its transformers for unquoted YAML and INI values are not run.
"""

import logging
import math
import pkgutil
import re
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection.detector import Detector, DetectorKind, Prefilter
from keyproof.leaks.detection.prefilter import derive

PREFIX = "detect-secrets-"
WIDTH = 2048
"""Bytes of a line given to a plugin on either side of what its pattern matched."""
_ADVICE = "Find out what it opens and change it there: https://github.com/Yelp/detect-secrets"


def installed_version() -> str:
    """Version of the installed library, as part of a cache key."""
    from importlib.metadata import version  # noqa: PLC0415 (slow to import, and only needed here)

    return version("detect-secrets")


def detectors() -> tuple[Detector, ...]:
    """One detector for each plugin, sorted by id; all are `possible`, and any of ours outranks them."""
    return tuple(
        Detector(
            id=name,
            title=f"{plugin.secret_type} (detect-secrets)",
            secret_class="",
            advice=_ADVICE,
            public_prefix="",
            confidence=LeakConfidence.POSSIBLE,
            vendor="detect-secrets",
            kind=DetectorKind.FOREIGN,
            pattern="",
            prefilter=_prefilter(plugin),
            width=WIDTH,
        )
        for name, plugin in sorted(_plugins().items())
    )


def type_of(detector: str) -> str | None:
    """What the plugin behind `detector` calls its secrets; None when there is no such plugin."""
    plugin = _plugins().get(detector)
    return str(plugin.secret_type) if plugin else None


def secrets_in(detector: str, line: str) -> Iterator[str]:
    """What the plugin behind `detector` reports in `line` and its heuristic filters keep."""
    plugin = _plugins()[detector]
    heuristic = import_module("detect_secrets.filters.heuristic")
    if heuristic.is_indirect_reference(line):
        return
    found = {one.secret_value for one in plugin.analyze_line(filename="", line=line)}
    for secret in sorted(value for value in found if value):
        filtered = (
            heuristic.is_sequential_string(secret)
            or heuristic.is_potential_uuid(secret)
            or heuristic.is_likely_id_string(secret, line, plugin)
            or heuristic.is_templated_secret(secret)
            or heuristic.is_prefixed_with_dollar_sign(secret)
            or heuristic.is_not_alphanumeric_string(secret)
        )
        if not filtered:
            yield secret


def findings_in(line: str) -> Iterator[tuple[str, str]]:
    """What all plugins report in `line`: the type, and what the plugin takes for the secret."""
    for name, plugin in sorted(_plugins().items()):
        for secret in secrets_in(name, line):
            yield str(plugin.secret_type), secret


@lru_cache(maxsize=1)
def _plugins() -> dict[str, Any]:
    """Detector id → plugin with its default settings."""
    package = _import_quietly()
    plugins: dict[str, Any] = {}
    for module in pkgutil.iter_modules(package.__path__):
        for kind in vars(import_module(f"{package.__name__}.{module.name}")).values():
            if isinstance(kind, type) and isinstance(getattr(kind, "secret_type", None), str):
                plugins[PREFIX + _kebab(kind.__name__)] = kind()
    return plugins


def _import_quietly() -> Any:
    """The package of plugins, with its logger silenced: at debug level it would write down what it found."""
    shown = warnings.showwarning
    log = import_module("detect_secrets.core.log").log
    log.handlers = [logging.NullHandler()]
    log.propagate = False
    log.disabled = True
    if warnings.showwarning is not shown:
        logging.captureWarnings(capture=False)  # the library turns it on for the whole process
    return import_module("detect_secrets.plugins")


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def _prefilter(plugin: Any) -> Prefilter:
    return _either([derive(pattern.pattern, pattern.flags) for pattern in _patterns(plugin)])


def _patterns(plugin: Any) -> Sequence[re.Pattern[str]]:
    if hasattr(plugin, "denylist"):
        return list(plugin.denylist)
    if hasattr(plugin, "entropy_limit"):
        # A string of n characters has at most log2(n) bits a character.
        shortest = math.ceil(2**plugin.entropy_limit)
        return [re.compile(rf"['\"][{re.escape(plugin.charset)}]{{{shortest}}}")]
    keyword = import_module("detect_secrets.plugins.keyword")
    return list(keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP)


def _either(prefilters: Sequence[Prefilter]) -> Prefilter:
    """One prefilter that matches wherever any of `prefilters` does."""
    if len(prefilters) == 1:
        return prefilters[0]
    literals = [one.literals for one in prefilters]
    return Prefilter(
        expression="|".join(f"(?{'i' if one.caseless else ''}:{one.expression})" for one in prefilters),
        caseless=False,
        literals=tuple(sorted({text for texts in literals for text in texts})) if all(literals) else (),
    )
