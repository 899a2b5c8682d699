"""Tells a value that stands for itself from one that only points to another: a template, a variable, a path."""

import re

NO_SECRET_NAME = re.compile(
    rb"""(?i)(?:^|[_.-])(?:no|is|has|use|hashed|hash|digest|encrypted|sealed|show|hide|require|forgot|reset|change|invalid|missing|public|csrf|xsrf|next|prev
    |page|continuation|sync|cache|sort|partition|primary|foreign|row|map|enum|object|file|sha_?\d{1,3}|md5)[_.-]?
    (?:password|passwd|pwd|secret|token|key)
    |(?:password|passwd|pwd|passphrase|secret|token|key|credentials?|auth)s?[_.-]?
    (?:type|name|id|ids|field|label|file|filename|path|dir|folder|url|uri|endpoint|host|length|len|size|min|max|count|limit|regex
    |pattern|format|hash|digest|checksum|fingerprint|hint|help|prompt|title|text|message|msg|error|placeholder|input|form
    |expiry|expires?|expiration|ttl|timeout|age|date|time|policy|version|arn|ref|reference|env|var|prefix|suffix|header
    |param|parameter|provider|manager|store|storage|service|class|factory|handler|helper|util|utils|validator|validation
    |enabled|required|disabled|exists|mode|kind|algorithm|alg|index|position|offset|list|map|store|usage|scope|scopes
    |rotation|status|state|encoder|reset|change|charset|attribute|property|column|selector|kms|iv|ring|chain|board|(?<!auth_)code
    |press|down|up|word|words|frame|stroke|bindings?|space|set|able|ize|ized|izer|changed|created|updated|expired|used|sha_?\d{1,3}|md5)$
    |(?:^|_)(?:client|consumer|user|app|application|account|tenant|project)_?ids?$ | timestamp$ | json_?web_?token$""",
    re.VERBOSE,
)
"""A name that tells of a secret without holding one; of a name taken apart by `words_apart`."""
_BORDER = re.compile(rb"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
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
    | ^(?:application|text|image|audio|video|multipart)/ | ^[a-z][a-z_-]*[-_:]v?\d+(?:\.\d+)+(?:[-_.][\w.-]*)?$
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


def words_apart(name: bytes) -> bytes:
    """`name` in lower case with an underscore between its words, however they were told apart."""
    return _BORDER.sub(b"_", name).lower().replace(b"-", b"_").replace(b".", b"_")


def is_reference(value: bytes) -> bool:
    """Whether `value` only points to where the secret is kept: a template, a variable, an address."""
    return bool(_REFERENCE.search(value))


def is_code(value: bytes) -> bool:
    """Whether `value`, if it stands without quotes, is code rather than a literal."""
    return bool(_CODE.search(value))


def is_address(value: bytes) -> bool:
    """Whether `value` is a URL, a mail or network address, a version of something, a date, a digest or a media type."""
    return bool(_ADDRESS.search(value))


def is_path(value: bytes) -> bool:
    """Whether `value` is a path or a dotted name."""
    return bool(_PATH.search(value))
