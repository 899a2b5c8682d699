"""A SOPS file read without any key: which values are encrypted, for whom, on which line."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

_VALUE = re.compile(r"ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:[^,]*,tag:[^,]*,type:(\w+)\]")
_KEY_NAMES = {
    "kms": "arn",
    "gcp_kms": "resource_id",
    "azure_kv": "name",
    "hc_vault": "key_name",
    "age": "recipient",
    "pgp": "fp",
}
"""Kind of master key → the field with its name: https://getsops.io/docs/#encryption-protocol."""
_SUFFIX = "_unencrypted"
_FLAT = re.compile(r"sops_([a-z_]+?)__list_(\d+)__map_(\w+)")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*?)\s*$")
_INDENT = re.compile(r"^\t+", re.MULTILINE)
_SECTION = re.compile(r"\s*\[([^\]]+)\]\s*$")


class NotSopsError(ValueError):
    """The file has no SOPS metadata, or cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SopsValue:
    """One value of the file."""

    key: str
    """Path in the document, e.g. `db.password` or `users[0].token`."""
    line: int
    encrypted: bool
    length: int | None
    """Of the plain text in bytes: AES-GCM keeps it. None where it is not encrypted or no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SopsFile:
    """All values, and who can open them."""

    values: tuple[SopsValue, ...]
    plain: int
    """How many values the file's own rules leave unencrypted."""
    recipients: tuple[tuple[str, ...], ...]
    """Per key group the master keys as `age:age1…`; one of each group opens the file, or as many as `threshold`."""
    threshold: int
    """How many groups it takes; 1 where there is one."""
    modified: datetime | None
    """When SOPS last wrote the file."""


def read_sops(name: str, text: str) -> SopsFile:
    """Read a file by its suffix: YAML or JSON, else dotenv or INI lines. Raises NotSopsError."""
    flat = PurePosixPath(name).suffix in {".env", ".ini"} or PurePosixPath(name).name.startswith(".env")
    leaves, metadata = _flat(text) if flat else _document(text)
    if not isinstance(metadata, Mapping) or not metadata.get("mac"):
        raise NotSopsError("it has no SOPS metadata")
    values, plain = [], 0
    times: Counter[str] = Counter()
    for key, value, line in leaves:
        times[key] += 1
        name = (
            key if times[key] == 1 else f"{key} ({times[key]})"
        )  # in another document, or with a dot in its name
        match = _VALUE.fullmatch(value)
        if match:
            values.append(SopsValue(key=name, line=line, encrypted=True, length=_length(match[1], match[2])))
        elif not value or not _must_be_encrypted(key, metadata):
            plain += 1
        else:
            values.append(SopsValue(key=name, line=line, encrypted=False, length=None))
    groups = tuple(_groups(metadata))
    return SopsFile(
        values=tuple(values),
        plain=plain,
        recipients=groups,
        threshold=int(metadata.get("shamir_threshold") or len(groups) or 1),
        modified=_moment(metadata.get("lastmodified")),
    )


def _document(text: str) -> tuple[list[tuple[str, str, int]], Any]:
    text = _INDENT.sub(lambda tabs: " " * len(tabs[0]), text)  # JSON may be indented with tabs, YAML may not
    try:
        roots = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
        leaves = [leaf for root in roots for leaf in _leaves(root, "")]
        documents = [one for one in yaml.safe_load_all(text) if isinstance(one, Mapping)]
    except yaml.YAMLError:
        raise NotSopsError("it is neither YAML nor JSON") from None
    metadata = next((one["sops"] for one in documents if isinstance(one.get("sops"), Mapping)), None)
    return leaves, metadata


def _leaves(node: yaml.Node, path: str) -> Iterator[tuple[str, str, int]]:
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                name = str(key.value)
                if not path and name == "sops":
                    continue
                yield from _leaves(value, f"{path}.{name}" if path else name)
        case yaml.SequenceNode():
            for index, value in enumerate(node.value):
                yield from _leaves(value, f"{path}[{index}]")
        case yaml.ScalarNode():
            yield path, str(node.value), node.start_mark.line + 1
        case _:
            pass


def _flat(text: str) -> tuple[list[tuple[str, str, int]], dict[str, Any]]:
    leaves: list[tuple[str, str, int]] = []
    metadata: dict[str, Any] = {}
    section = ""
    for line, content in enumerate(text.splitlines(), start=1):
        if heading := _SECTION.match(content):
            section = heading[1]
        elif found := _ASSIGNMENT.match(content):
            name, value = found[1], found[2].strip('"')
            if section == "sops" or name.startswith("sops_"):
                _put(metadata, name if name.startswith("sops_") else f"sops_{name}", value)
            else:
                leaves.append((f"{section}.{name}" if section else name, value, line))
    return leaves, metadata


def _put(metadata: dict[str, Any], name: str, value: str) -> None:
    """`sops_age__list_0__map_recipient` is metadata["age"][0]["recipient"]."""
    found = _FLAT.fullmatch(name)
    if found is None:
        metadata[name.removeprefix("sops_")] = value
        return
    entries = metadata.setdefault(found[1], [])
    while len(entries) <= int(found[2]) < 1000:
        entries.append({})
    if int(found[2]) < len(entries):
        entries[int(found[2])][found[3]] = value


def _must_be_encrypted(key: str, metadata: Mapping[str, Any]) -> bool:
    """Whether SOPS would encrypt the value at `key`; a rule meets a key or any above it."""
    parts = [part.partition("[")[0] for part in key.split(".")]
    if regex := metadata.get("encrypted_regex"):
        return any(_meets(regex, part) for part in parts)
    if suffix := metadata.get("encrypted_suffix"):
        return any(part.endswith(suffix) for part in parts)
    if regex := metadata.get("unencrypted_regex"):
        return not any(_meets(regex, part) for part in parts)
    if metadata.get("encrypted_comment_regex") or metadata.get("unencrypted_comment_regex"):
        return False  # comments decide, and these are not read
    return not any(part.endswith(metadata.get("unencrypted_suffix") or _SUFFIX) for part in parts)


def _meets(regex: str, part: str) -> bool:
    try:
        return re.search(regex, part) is not None
    except re.error:
        return False


def _groups(metadata: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    groups = metadata.get("key_groups") or [metadata]
    for group in groups if isinstance(groups, list) else ():
        names = [
            f"{kind}:{entry[field]}"
            for kind, field in _KEY_NAMES.items()
            for entry in group.get(kind) or ()
            if isinstance(entry, Mapping) and entry.get(field)
        ]
        if names:
            yield tuple(sorted(names))


def _length(data: str, type_: str) -> int | None:
    try:
        return len(base64.b64decode(data, validate=True)) if type_ == "str" else None
    except binascii.Error:
        return None


def _moment(text: object) -> datetime | None:
    if isinstance(text, datetime):
        return text.astimezone(UTC) if text.tzinfo else text.replace(tzinfo=UTC)
    try:
        at = datetime.fromisoformat(str(text).strip('"'))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def creation_rules(text: str) -> list[str]:
    """The `path_regex` of every rule in a .sops.yaml; a rule without one meets every path. Raises NotSopsError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        raise NotSopsError(".sops.yaml is no YAML") from None
    rules = document.get("creation_rules") if isinstance(document, Mapping) else None
    return [str(rule.get("path_regex") or "") for rule in rules or () if isinstance(rule, Mapping)]
