"""What `extends:` means: the files a pack is laid over, base first, and what is in force once all are merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from keyproof.errors import Problem
from keyproof.policy.documents import UNCLASSIFIED, ClassDocument, RuleDocument
from keyproof.policy.files import Found, PackFile, find, found_at, read_pack
from keyproof.policy.parameters import Parameters
from keyproof.strict_yaml import Key, did_you_mean

T = TypeVar("T")
M = TypeVar("M", bound=RuleDocument | ClassDocument)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Generic[T]):
    """A part of a file that is in force, with the place it stands at."""

    model: T
    file: PackFile
    key: Key
    """Its path in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectivePack:
    """A pack after every overlay."""

    file: PackFile
    """The pack itself, whose metadata stands."""
    rules: Mapping[str, Placed[RuleDocument]]
    classes: Mapping[str, Placed[ClassDocument]]
    """In the order in which they are tried: an overlay's own before those it inherits."""
    roles: Mapping[str, tuple[str, ...]]
    parameters: Parameters
    disabled: Mapping[str, str]
    complete: bool
    """Whether every file was sound: only then is a name nobody declares an unknown name."""
    class_ids: frozenset[str]
    """Ids of all classes, broken ones included."""
    replaced: Mapping[str, tuple[Placed[RuleDocument], ...]] = field(default_factory=dict)
    """Rule id → the rules of that id that overlays replaced, base first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layering:
    """Reads packs with what they extend, each file once."""

    root: Path
    problems: list[Problem]
    _read: dict[Path, PackFile | None] = field(default_factory=dict)

    def read(self, found: Found) -> PackFile | None:
        """The file, from memory when it was read before."""
        if found.path not in self._read:
            self._read[found.path] = read_pack(found, self.problems)
        return self._read[found.path]

    def layers(self, file: PackFile, chain: tuple[Found, ...] = ()) -> tuple[list[PackFile], bool]:
        """`file` and all it extends, base first and each once; and whether all of it could be read."""
        chain = (*chain, file.found)
        layers: list[PackFile] = []
        complete = file.sound
        for index, reference in enumerate(file.extends):
            base, found_all = self._base(file, index, reference, chain)
            complete = complete and found_all
            layers += [layer for layer in base if layer not in layers]
        return [*layers, file], complete

    def _base(
        self, file: PackFile, index: int, reference: str, chain: tuple[Found, ...]
    ) -> tuple[list[PackFile], bool]:
        hits, hint = find(reference, root=file.found.path.parent)
        if len(hits) != 1:
            self._refuse(file, index, f"there is no pack '{reference}' to extend", hint)
            return [], False
        path = hits[0].path
        found = found_at(path, root=self.root)
        names = {link.path: link.name for link in chain}
        if path in names:
            start = [link.path for link in chain].index(path)
            circle = " -> ".join([*(link.name for link in chain[start:]), names[path]])
            self._refuse(file, index, f"the pack extends itself: {circle}", "remove one of these references")
            return [], False
        base = self.read(found)
        return self.layers(base, chain) if base else ([], False)

    def _refuse(self, file: PackFile, index: int, message: str, hint: str) -> None:
        key: Key = ("extends", index)
        self.problems.append(file.document.problem(key, message, hint))


def merge(layers: Sequence[PackFile], *, complete: bool, problems: list[Problem]) -> EffectivePack:
    """What is in force after `layers`, the last of which is the pack itself."""
    rules: dict[str, Placed[RuleDocument]] = {}
    parameters = Parameters()
    roles: dict[str, tuple[str, ...]] = {}
    disabled: dict[str, str] = {}
    replaced: dict[str, tuple[Placed[RuleDocument], ...]] = {}
    for file in layers:
        _disable(file, rules, disabled, problems, complete=complete)
        own = _unique(file, "rules", file.rules, problems)
        for name, placed in own.items():
            if name in rules:
                replaced[name] = (*replaced.get(name, ()), rules[name])
            rules[name] = placed
            disabled.pop(name, None)
        parameters.merge(file.parameters, file.document, problems)
        roles |= file.roles
    classes: dict[str, Placed[ClassDocument]] = {}
    for file in reversed(layers):
        classes = {**classes, **_missing(_unique(file, "classes", file.classes, problems), classes)}
    return EffectivePack(
        file=layers[-1],
        rules=rules,
        classes=classes,
        roles=dict(sorted(roles.items())),
        parameters=parameters,
        disabled=dict(sorted(disabled.items())),
        complete=complete,
        class_ids=frozenset(classes),
        replaced=replaced,
    )


def _missing(new: Mapping[str, T], known: Mapping[str, T]) -> dict[str, T]:
    return {name: item for name, item in new.items() if name not in known}


def _unique(
    file: PackFile, section: str, models: Mapping[int, M], problems: list[Problem]
) -> dict[str, Placed[M]]:
    noun = "rule" if section == "rules" else "class"
    found: dict[str, Placed[M]] = {}
    for index, model in models.items():
        key: Key = (section, index)
        if earlier := found.get(model.id):
            first = file.document.place((*earlier.key, "id"))[0]
            problems.append(
                file.document.problem(
                    (*key, "id"),
                    f"the {noun} '{model.id}' stands twice",
                    f"it first stands on line {first}; keep one or rename one",
                )
            )
            continue
        if section == "classes" and model.id == UNCLASSIFIED:
            problems.append(
                file.document.problem(
                    (*key, "id"),
                    f"'{UNCLASSIFIED}' means the secrets without a class",
                    "choose another id",
                )
            )
        found[model.id] = Placed(model=model, file=file, key=key)
    return found


def _disable(
    file: PackFile,
    rules: dict[str, Placed[RuleDocument]],
    disabled: dict[str, str],
    problems: list[Problem],
    *,
    complete: bool,
) -> None:
    own = {rule.id for rule in file.rules.values()}
    for name, reason in file.disable.items():
        if name in rules or name == UNCLASSIFIED:
            rules.pop(name, None)
            disabled[name] = reason
        elif name in own:
            problems.append(
                file.document.problem(
                    ("disable", name),
                    f"the rule '{name}' stands in this very file",
                    "remove the rule instead",
                    at_key=True,
                )
            )
        elif complete:
            problems.append(
                file.document.problem(
                    ("disable", name),
                    f"no extended pack has a rule '{name}'",
                    did_you_mean(name, sorted(rules)) or "extend the pack that has it",
                    at_key=True,
                )
            )
