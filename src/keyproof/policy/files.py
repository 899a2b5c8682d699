"""Finding the files that references mean, and reading pack files so that one fault hides no other."""

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from keyproof import resources
from keyproof.errors import PolicyError, Problem
from keyproof.policy.documents import (
    API_VERSION,
    ClassDocument,
    MetadataDocument,
    PackDocument,
    ParameterDocument,
    RuleDocument,
)
from keyproof.strict_yaml import YamlDocument, did_you_mean, problems_of, read

_SUFFIXES = (".yaml", ".yml")
_TEST_SUFFIXES = (".test.yaml", ".test.yml")
_IS_TEST = re.compile(r"^kind:\s*['\"]?PolicyTest\b", re.MULTILINE)
_BEGINNING = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file, with the name messages give it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFile:
    """One pack file; where parts of it are broken, the parts that are not."""

    found: Found
    document: YamlDocument
    metadata: MetadataDocument
    extends: tuple[str, ...]
    disable: Mapping[str, str]
    parameters: Mapping[str, ParameterDocument]
    classes: Mapping[int, ClassDocument]
    """By their index in the file."""
    roles: Mapping[str, tuple[str, ...]]
    rules: Mapping[int, RuleDocument]
    """By their index in the file."""
    sound: bool
    """Whether the whole file is as the model wants it."""


def shipped_packs() -> dict[str, Path]:
    """Id → file of every pack and example that comes with keyproof."""
    folder = resources.policies()
    packs = {path.stem: path for path in folder.glob("packs/*.yaml") if not is_test(path)}
    examples = {path.parent.name: path for path in folder.glob("examples/*/policy.yaml")}
    return dict(sorted({**examples, **packs}.items()))


def find(reference: str, *, root: Path) -> tuple[list[Found], str]:
    """The files meant by a shipped id or by a path or glob below `root`; else what is wrong and a hint."""
    if "/" in reference or reference.endswith(_SUFFIXES):
        return find_files(reference, root=root)
    shipped = shipped_packs()
    if reference in shipped:
        return [found_at(shipped[reference], root=root)], ""
    return [], did_you_mean(reference, list(shipped)) or "write the path of a file"


def find_files(reference: str, *, root: Path, tests: bool = False) -> tuple[list[Found], str]:
    """The files meant by a path or glob below `root`; where there are none, a hint.

    Test files lie beside packs, so a glob leaves them out unless `tests`.
    """
    exact = root / reference
    if exact.is_dir():
        return [], f"it is a folder; write {reference.rstrip('/')}/*.yaml"
    paths = [exact]
    if not exact.is_file():
        paths = [path for path in sorted(_glob(reference, root)) if tests or not is_test(path)]
    return [found_at(path, root=root) for path in paths if path.is_file()], "check the path"


def _glob(reference: str, root: Path) -> list[Path]:
    return [root / hit for hit in glob.glob(reference, root_dir=root, recursive=True)]  # noqa: PTH207 (takes absolute patterns and `..` too)


def is_test(path: Path) -> bool:
    """Whether a file is a test of a pack: by its name, or by the kind it states at its beginning."""
    if path.name.endswith(_TEST_SUFFIXES):
        return True
    if not path.is_file() or path.suffix not in _SUFFIXES:
        return False
    with path.open("rb") as stream:
        return _IS_TEST.search(stream.read(_BEGINNING).decode("utf-8", "replace")) is not None


def tests_of(pack: Path) -> Path | None:
    """The test file of a pack, for `house.yaml` `house.test.yaml`; None when there is none."""
    candidates = (pack.with_name(pack.stem + suffix) for suffix in _TEST_SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def found_at(path: Path, *, root: Path) -> Found:
    """The file at `path`, named as a person would find it: from `root`, or as shipped."""
    real = path.resolve()
    for base, prefix in ((root.resolve(), ""), (resources.policies().resolve(), "policies/")):
        if real.is_relative_to(base):
            return Found(path=real, name=prefix + real.relative_to(base).as_posix())
    return Found(path=real, name=real.as_posix())


def is_shipped(name: str, *, root: Path) -> bool:
    """Whether the file that `found_at` gave this name comes with keyproof."""
    own = (root / name).resolve()
    return own.is_relative_to(resources.policies().resolve()) or (
        name.startswith("policies/") and not own.exists()
    )


def read_pack(found: Found, problems: list[Problem]) -> PackFile | None:
    """Read one pack file, adding what is wrong to `problems`; None when nothing of it can be used."""
    try:
        document = read(found.path, error=PolicyError, name=found.name)
    except PolicyError as cause:
        problems.extend(cause.problems)
        return None
    if not isinstance(document.data, dict):
        problems.append(
            document.problem(
                (), "is not a policy pack", f"begin with 'apiVersion: {API_VERSION}' and 'kind: PolicyPack'"
            )
        )
        return None
    if document.data.get("kind") == "PolicyTest":
        hint = "name the pack it tests; `keyproof policy test` runs the cases"
        problems.append(document.problem(("kind",), "is a test of a pack, not a pack", hint))
        return None
    try:
        model = PackDocument.model_validate(document.data)
    except ValidationError as cause:
        problems.extend(problems_of(cause, document, PackDocument))
        return _salvage(found, document, cause)
    return _pack_file(found, document, model, _indexes(document.data), sound=True)


def _salvage(found: Found, document: YamlDocument, cause: ValidationError) -> PackFile | None:
    """What is left of a pack once everything broken is taken out."""
    broken = {tuple(detail["loc"][:2]) for detail in cause.errors()}
    data: dict[str, Any] = {
        "metadata": {"id": "unknown", "title": "unknown", "version": "0.0"},
        **document.data,
        "apiVersion": API_VERSION,
        "kind": "PolicyPack",
    }
    indexes: dict[str, list[int]] = {}
    for name in {str(path[0]) for path in broken if path}:
        inner = data.get(name)
        if isinstance(inner, dict) and name != "metadata":
            data[name] = {key: item for key, item in inner.items() if (name, key) not in broken}
        elif isinstance(inner, list) and (name,) not in broken:
            kept = {i: _without(item, name, i, cause) for i, item in enumerate(inner)}
            indexes[name] = [i for i, item in kept.items() if item is not None]
            data[name] = [kept[i] for i in indexes[name]]
        elif name == "metadata":
            data[name] = {"id": _known_id(inner), "title": "unknown", "version": "0.0"}
        elif name not in {"apiVersion", "kind"}:
            del data[name]
    try:
        model = PackDocument.model_validate(data)
    except ValidationError:
        return None
    return _pack_file(found, document, model, {**_indexes(data), **indexes}, sound=False)


def _without(item: Any, section: str, index: int, cause: ValidationError) -> Any:
    """A rule without its broken keys, so that the others are still checked; None when too little is left."""
    at = (section, index)
    broken = {detail["loc"][2:3] for detail in cause.errors() if detail["loc"][:2] == at}
    if not broken:
        return item
    if section != "rules" or not isinstance(item, dict):
        return None
    kept = {key: value for key, value in item.items() if (key,) not in broken}
    whole = {"id": f"unknown-{index}", "title": "unknown", **kept}
    return whole if "check" in kept else None


def _known_id(metadata: Any) -> str:
    given = metadata.get("id") if isinstance(metadata, dict) else None
    return given if isinstance(given, str) and given.replace("-", "").isalnum() else "unknown"


def _indexes(data: Mapping[str, Any]) -> dict[str, list[int]]:
    return {name: list(range(len(data.get(name) or ()))) for name in ("classes", "rules")}


def _pack_file(
    found: Found,
    document: YamlDocument,
    model: PackDocument,
    indexes: Mapping[str, Sequence[int]],
    *,
    sound: bool,
) -> PackFile:
    return PackFile(
        found=found,
        document=document,
        metadata=model.metadata,
        extends=model.extends,
        disable=model.disable,
        parameters=model.parameters,
        classes=dict(zip(indexes["classes"], model.classes, strict=True)),
        roles=model.roles,
        rules=dict(zip(indexes["rules"], model.rules, strict=True)),
        sound=sound,
    )


def read_files(
    references: Sequence[str], *, root: Path, noun: str, problems: list[Problem]
) -> Iterator[YamlDocument]:
    """Every file meant, once and parsed; `noun` names its kind in messages (`waiver`, `attestation`).

    A path without a file, and a file that cannot be read, is added to `problems`; a glob may meet nothing.
    """
    known: set[Path] = set()
    for reference in references:
        hits, hint = find_files(reference, root=root)
        if not hits and not any(sign in reference for sign in "*?["):
            problems.append(Problem(path=reference, message=f"there is no such {noun} file", hint=hint))
        for found in hits:
            if found.path in known:
                continue
            known.add(found.path)
            try:
                yield read(found.path, error=PolicyError, name=found.name)
            except PolicyError as cause:
                problems.extend(cause.problems)
