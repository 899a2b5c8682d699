"""Judges values known as secrets only by their name: what is a literal, and how likely a live one."""

import re

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection.placeholders import entropy, is_filler, is_wordy, looks_random

_NO_SECRET_NAME = re.compile(
    rb"""(?i)(?:^|[_.-])(?:no|is|has|use|hashed|hash|digest|encrypted|sealed|show|hide|require|forgot|reset|change|invalid|missing|public|csrf|xsrf|next|prev
    |page|continuation|sync|cache|sort|partition|primary|foreign|row|map|enum|object|file)[_.-]?
    (?:password|passwd|pwd|secret|token|key)
    |(?:password|passwd|pwd|passphrase|secret|token|key|credentials?|auth)s?[_.-]?
    (?:type|name|id|ids|field|label|file|filename|path|dir|folder|url|uri|endpoint|host|length|len|size|min|max|count|limit|regex
    |pattern|format|hash|digest|checksum|fingerprint|hint|help|prompt|title|text|message|msg|error|placeholder|input|form
    |expiry|expires?|expiration|ttl|timeout|age|date|time|policy|version|arn|ref|reference|env|var|prefix|suffix|header
    |param|parameter|provider|manager|store|storage|service|class|factory|handler|helper|util|utils|validator|validation
    |enabled|required|disabled|exists|mode|kind|algorithm|alg|index|position|offset|list|map|store|usage|scope|scopes
    |rotation|status|state|encoder|reset|change|charset|attribute|property|column|selector|kms|iv|ring|chain|board|code
    |press|down|up|word|words|frame|stroke|bindings?|space|set|able|ize|ized|izer|s)$""",
    re.VERBOSE,
)
_KEYWORD = re.compile(
    rb"(?:pass(?:word|wd|phrase|code)?|pwd|passwrd|secret|token|key|credentials?|auth|contrase(?:na|\xc3\xb1a)|senha|kennwort)"
    rb"s?(?![a-z])"
)
"""The telling word must end where it ends: no author, compass or secretary."""
_REFERENCE = re.compile(
    rb"""(?ix)
    \$\{ | \$\( | \{\{ | \}\} | <% | %> | \#\{ | %\( | ^\$[a-z_]\w*$ | ^%[a-z_]\w*%$ | ^%[-+]?\d*[a-z]$
    | ^ENC[\[(] | ^\{cipher\} | ^\$ANSIBLE_VAULT
    | ^\{[\w.:\-\[\]'"]*\}$ | ^<[^<>]*>$ | ^\[[^\[\]]*\]$ | ^\[\[.*\]\] | ^\(.*\)$ | ^@[\w./-]+$
    | \b(?:process\.env|os\.environ|getenv|secretsmanager:|arn:aws|op://|vault:|awskms:|ssm:|ref\+|keyvault)
    """
)
"""A template, a variable, an encrypted value or the address of a secret kept elsewhere."""
_CODE = re.compile(
    rb"""(?ix)
    \b(?:environ|env|secrets?|vars?|config|settings|self|this|args|opts?|options|params?|request|req|ctx|context|data|local
        |module|props|state|user|session|form|event|obj|result|response|res|credentials?)(?:\.|->|::|\[)
    | ^[a-z_][\w.:>-]*[\[(] | [a-z_]\w*\([^)]*\)\W*$ | ::\w | ->\w | ^[!*&]\w*$ | ^\\
    | ^(?:true|false|none|null|nil|undefined|void|string|str|int|bool|boolean|bytes|object|any|optional|required|text|hidden
         |func|function|lambda|new|return|await|async|const|self|this)\b[\W]*$
    """
)
"""What an unquoted value is when it is not a literal."""
_ADDRESS = re.compile(
    rb"""(?ix)
    :// | ^[\w.+-]+@[\w-]+\.[\w.]+$ | ^(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?$ | ^v?\d+(?:\.\d+){1,3}[\w.-]*$
    | ^\d{4}-\d\d-\d\d(?:[T ].*)?$ | ^(?:sha\d{1,3}|md5|blake2b?)[-:=] | ^\#[0-9a-f]{3,8}$
    | ^(?:application|text|image|audio|video|multipart)/
    """
)
_PATH = re.compile(
    rb"""(?ix)
    ^(?:\.{0,2}|~|[a-z]:\\?)[/\\] | ^(?:[a-z_][\w-]*[./:])+[a-z_][\w-]*$
    | ^[\w./-]+\.(?:pem|key|crt|cer|p12|pfx|jks|json|ya?ml|txt|ini|conf|cfg|env|toml|xml|py|js|ts|go|rb|java|php|html?|css
        |png|svg|sh|md|log|lock|asc|gpg|pub|properties|sock)$
    """
)
"""A path, a key of a translation or a dotted name, unless it reads like a generator's output."""
_PASSWORD_NAME = re.compile(rb"(?i)pass|pwd|contrase|senha|kennwort|passwort|mot_?de_?passe")
_BORDER = re.compile(rb"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z_.]*\d{0,2}")
_CLASSES = (
    re.compile(rb"[a-z]"),
    re.compile(rb"[A-Z]"),
    re.compile(rb"[0-9]"),
    re.compile(rb"[^A-Za-z0-9\s]"),
)
_NO_LITERAL = re.compile(rb"[\x00-\x20\x7f]|^[),;]|\($|\\[wdsWDS]")
"""Blanks and control characters, code between two strings, regular expressions."""
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SHORTEST_TOKEN = 10
_LONG_PASSWORD = 8
_LONG_NAME = 14


def judge_assignment(
    name: bytes, value: bytes, around: bytes = b"", *, quoted: bool
) -> LeakConfidence | None:
    """How likely `name = value` gives a secret away; None when `value` is no literal secret at all.

    `around` is the text before and after: in a binary file a name and a value often meet by chance.
    A reference to a value kept elsewhere (template, call, path, variable) is not a secret, so it is no
    match; a value made to be shown is one, and is `EXAMPLE`.
    """
    if not (_names_secret(name) and _is_literal(value, quoted=quoted)) or name.lower() == value.lower():
        return None
    if is_filler(value):
        return LeakConfidence.EXAMPLE
    confidence = _judge_value(value, password=bool(_PASSWORD_NAME.search(name)))
    doubtful = confidence is LeakConfidence.LIKELY and (is_wordy(value) or _BINARY.search(around))
    return LeakConfidence.POSSIBLE if doubtful else confidence


def _judge_value(value: bytes, *, password: bool) -> LeakConfidence | None:
    if _UUID.fullmatch(value):
        return LeakConfidence.POSSIBLE
    classes = sum(bool(one.search(value)) for one in _CLASSES)
    if (
        looks_random(value)
        and classes >= 2
        and len(value) >= (_LONG_PASSWORD if password else _SHORTEST_TOKEN)
    ):
        return LeakConfidence.LIKELY
    if password and classes >= 3 and len(value) >= _LONG_PASSWORD:
        return LeakConfidence.LIKELY
    if password or (classes >= 2 and entropy(value) >= 3.0):
        return LeakConfidence.POSSIBLE
    return None


def is_reference(value: bytes) -> bool:
    """Whether `value` only points to where the secret is kept: a template, a variable, an address."""
    return bool(_REFERENCE.search(value))


def _names_secret(name: bytes) -> bool:
    words = _BORDER.sub(b"_", name).lower()
    return bool(_KEYWORD.search(words)) and not _NO_SECRET_NAME.search(words)


def _is_literal(value: bytes, *, quoted: bool) -> bool:
    if _NO_LITERAL.search(value) or is_reference(value) or _ADDRESS.search(value):
        return False
    if not quoted and _CODE.search(value):
        return False
    if _PATH.search(value) or (not quoted and _IDENTIFIER.fullmatch(value)):
        return len(value) >= _LONG_NAME and looks_random(value)
    return True
