"""Commands of a document that do not do what it says, or not what their tools take."""

import re
from collections.abc import Iterator
from itertools import groupby

from keyproof.document.contradiction import Contradiction, Kind
from keyproof.document.custody import storage_kinds
from keyproof.document.facts import Command, Duty, Place, PolicyText

_WILDCARD = re.compile(r"\baws secretsmanager ([a-z-]+)\b.*?--secret-id[ =](\S*\*\S*)")
_ACCOUNT = re.compile(r"\barn:aws[\w-]*:[\w-]+:[\w-]*:(\d+):")
_ACCOUNT_DIGITS = 12
_LOOKUP = re.compile(r"\baws cloudtrail lookup-events\b.*?--max-results[ =](\d{1,6})")
_MOST_EVENTS = 50
"""https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html (MaxResults)."""
_MOUNT = re.compile(r"\b(?:vault|bao) secrets enable\b(?=.*\bkv\b|.*\bkv-v2\b).*?-path[ =]([\w-]+)/?(?=\s|$)")
_DEFAULT_MOUNTS = frozenset({"secret", "kv"})
_READER = re.compile(r"\.kv\.v[12]\.\w+\(|\.kv\.(?:read|write|patch)_\w+\(")
_QUOTED = re.compile(r"""["']([\w-]+(?:/[\w-]+)+)["']""")
_CLEAR = re.compile(r"""["'= ](http://(?!localhost\b|127\.|\[::1\])[\w.-]*(?:vault|secret|bao)[\w.-]*)""")
_ROOT_LOGIN = re.compile(
    r"\b(?:vault|bao) login\b.*\broot\b|\b(?:vault|bao) login\b.*root[_-]?token", re.IGNORECASE
)
_GRANT_ALL = re.compile(r"\bGRANT ALL\b", re.IGNORECASE)
_CREATED = re.compile(r"\b(?:CREATE|ALTER) (?:USER|ROLE) (\w+)\b.*?\bPASSWORD '([^']*)'", re.IGNORECASE)
_CONNECTS = re.compile(r"://(\w+):([^@\s/]+)@")
_MADE = re.compile(r"\bkubectl create secret [a-z-]+ (\S+)")
_OTHER = re.compile(r"\bkubectl (?:get|apply|annotate|edit|patch) (?:externalsecrets?|secrets?)[ /](\S+)")
_TEMPORARY = re.compile(r"(.+)[-_](?:new|next|old|tmp|temp|v\d+)$")
_STORES = {
    "kubernetes": re.compile(r"\bkubectl\b"),
    "aws-secrets-manager": re.compile(r"\baws secretsmanager\b"),
    "azure-key-vault": re.compile(r"\baz keyvault\b"),
    "gcp-secret-manager": re.compile(r"\bgcloud secrets\b"),
    "vault": re.compile(r"\b(?:vault|bao) (?:kv|read|write|delete|patch)\b"),
}
"""Where secrets are kept, and the commands that change them there."""
_LONGEST_TITLE = 80


def contradictions(text: PolicyText) -> Iterator[Contradiction]:
    """Commands that cannot work as written, that are about something else than their step, or that ask too much."""
    for command in text.commands:
        yield from _refused(command)
        yield from _hardening(text, command)
    yield from _rights(text)
    yield from _mounts(text)
    yield from _steps(text)
    yield from _temporary_names(text)
    yield from _passwords(text)
    for demand in text.of(Duty.MESSAGE_ONLY):
        yield _told(
            Kind.MESSAGE_ONLY, "automatic rotation", demand.place, demand.shown,
            "Google Secret Manager", "its schedule sends a message",
            "somebody has to write a program that makes the new value; a schedule alone rotates nothing",
        )  # fmt: skip


def _refused(command: Command) -> Iterator[Contradiction]:
    """What the tool does not take, by its own reference."""
    if found := _WILDCARD.search(command.text):
        yield _told(
            Kind.COMMAND, f"aws secretsmanager {found[1]}", command.place, f"--secret-id {found[2]}",
            "AWS Secrets Manager", "one name or ARN",
            "no wildcard is understood there: list the secrets by a filter, then look at each",
        )  # fmt: skip
    for account in _ACCOUNT.findall(command.text):
        if len(account) != _ACCOUNT_DIGITS:
            yield _told(
                Kind.COMMAND, "ARN", command.place, f"an account id of {len(account)} digits",
                "AWS", f"{_ACCOUNT_DIGITS} digits", "the command is refused as it stands",
            )  # fmt: skip
    if (found := _LOOKUP.search(command.text)) and int(found[1]) > _MOST_EVENTS:
        yield _told(
            Kind.COMMAND, "aws cloudtrail lookup-events", command.place, f"--max-results {found[1]}",
            "AWS CloudTrail", f"{_MOST_EVENTS} at most", "ask for pages, or the command is refused",
        )  # fmt: skip


def _hardening(text: PolicyText, command: Command) -> Iterator[Contradiction]:
    """What a security rule speaks against: the document's own where it has one, otherwise the tool's or a standard's."""
    own = next(iter(text.of(Duty.IN_TRANSIT)), None)
    if found := _CLEAR.search(command.text):
        second = (
            (own.place, own.shown) if own else (Place(path="Vault production hardening"), "TLS to the end")
        )
        yield _against(
            Kind.IN_CLEAR, "address of the secret manager", command, found[1], second,
            "values cross the network in the clear",
        )  # fmt: skip
    if _ROOT_LOGIN.search(command.text):
        second = (Place(path="Vault production hardening"), "no root token outside the first set-up")
        yield _against(
            Kind.TOO_MUCH, "root token", command, "login with the root token", second,
            "it may do everything and never ends: log in by a method with a policy of its own",
        )  # fmt: skip


def _rights(text: PolicyText) -> Iterator[Contradiction]:
    """Steps that give an account every right; one is told for each step."""
    own = next(iter(text.of(Duty.LEAST_PRIVILEGE)), None)
    second = (own.place, own.shown) if own else (Place(path="NIST SP 800-53 AC-6"), "least privilege")
    granting = [command for command in text.commands if _GRANT_ALL.search(command.text)]
    for command in {one.step_place: one for one in reversed(granting)}.values():
        yield _against(
            Kind.TOO_MUCH, "rights of the new account", command, "GRANT ALL", second,
            "name the rights that the application needs",
        )  # fmt: skip


def _mounts(text: PolicyText) -> Iterator[Contradiction]:
    """A reader that names the mount as a part of the path: the client then looks below its default mount."""
    made = {found[1]: one for one in text.commands if (found := _MOUNT.search(one.text))}
    readers = {
        one.step_place: one.place.line
        for one in text.commands
        if _READER.search(one.text) and "mount_point" not in one.text
    }
    for one in text.commands:
        for path in _QUOTED.findall(one.text) if one.step_place in readers else ():
            mount = path.partition("/")[0]
            if mount in made and mount not in _DEFAULT_MOUNTS:
                yield Contradiction(
                    kind=Kind.MOUNT, subject=path, first=made[mount].place,
                    first_value=f"the engine is mounted at {mount}/",
                    second=one.place, second_value=f"read as {path}, without a mount",
                    reason=f"the client at line {readers[one.step_place]} looks below its default mount",
                )  # fmt: skip


def _steps(text: PolicyText) -> Iterator[Contradiction]:
    """A step named after one store whose commands change only others."""
    for place, several in groupby(text.commands, key=lambda command: command.step_place):
        own = list(several)
        named = _STORES.keys() & set(storage_kinds(own[0].step))
        changed = [
            (command, store)
            for command in own
            for store, tool in _STORES.items()
            if tool.search(command.text)
        ]
        if len(named) == 1 and changed and not named & {store for _, store in changed}:
            command, store = changed[0]
            yield Contradiction(
                kind=Kind.STEP, subject=own[0].step[:_LONGEST_TITLE],
                first=place, first_value=f"a step in {named.pop()}",
                second=command.place, second_value=f"a command for {store}",
                reason="who follows the title changes something else, or nothing",
            )  # fmt: skip


def _temporary_names(text: PolicyText) -> Iterator[Contradiction]:
    """A secret made under a name for the rotation, while other commands go on with the name before it."""
    used = _first(text, _OTHER)
    for created, made in _first(text, _MADE).items():
        name = _TEMPORARY.fullmatch(created)
        if name and (other := used.get(name[1])):
            yield Contradiction(
                kind=Kind.ROTATED_NAME, subject=name[1], first=made.place, first_value=f"made as {created}",
                second=other.place, second_value=f"used as {name[1]}",
                reason="what is done to one name does not show on the other",
            )  # fmt: skip


def _first(text: PolicyText, pattern: re.Pattern[str]) -> dict[str, Command]:
    """What `pattern` names → the first command that names it."""
    found: dict[str, Command] = {}
    for command in text.commands:
        for name in pattern.findall(command.text):
            found.setdefault(name, command)
    return found


def _passwords(text: PolicyText) -> Iterator[Contradiction]:
    """An account made with one password and used with another; neither is repeated."""
    made = {
        account: (one, password)
        for one in reversed(text.commands)
        for account, password in _CREATED.findall(one.text)
    }
    for used in text.commands:
        for account, password in _CONNECTS.findall(used.text):
            one, set_to = made.get(account, (used, password))
            if password != set_to and "$" not in password + set_to:
                yield Contradiction(
                    kind=Kind.TWO_VALUES, subject=account, first=one.place, first_value="made with one password",
                    second=used.place, second_value="used with another",
                    reason="the second is not the password that was set",
                )  # fmt: skip


def _told(
    kind: Kind, subject: str, place: Place, value: str, authority: str, says: str, reason: str
) -> Contradiction:
    return Contradiction(
        kind=kind, subject=subject, first=place, first_value=value,
        second=Place(path=authority), second_value=says, reason=reason,
    )  # fmt: skip


def _against(
    kind: Kind, subject: str, command: Command, value: str, second: tuple[Place, str], reason: str
) -> Contradiction:
    return Contradiction(
        kind=kind, subject=subject, first=command.place, first_value=value,
        second=second[0], second_value=second[1], reason=reason,
    )  # fmt: skip
