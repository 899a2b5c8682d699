"""Tells values made to be shown from values made to be kept: placeholders, samples and weak fillers."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

_RUN = re.compile(rb"(.)\1{5}|[xX*._#?-]{5}|[xX]{4}")
_PERIOD = re.compile(rb"(?s)(.{1,8}?)\1{2,}.{0,7}|(.{3,40})\2")
_SEQUENCE = 7
"""Neighbouring characters of the alphabet in a row that no random value shows."""
_TELLING = re.compile(
    rb"""(?i)example|placeholder|change_?-?me|your[_-]?|dummy|fake|sample|redacted|replace|insert|<[a-z _-]+>
    |not[_-]?(?:a[_-]?)?real|deadbeef|cafebabe|lorem|todo|hidden|masked|removed|censored|foobar|qwerty|asdf|abc123""",
    re.VERBOSE,
)
"""Long enough that chance does not write them into a random value."""
_WORDS = frozenset(
    """a access account acme admin administrator alice an and any api app application auth awesome bad bar base baz bearer
    blah bob bot cert change client code config correct cred credential credentials db database default demo
    dev development different doe email empty env environment fallback false file first foo for from github gitlab
    good guest hash hello here high hunter id in incorrect internal invalid is jane john jwt keep key keys letmein
    like live local localhost login long longer me master max min minimum missing mock model my mysql name new newer none not
    nope null of off ok old on one or other our owner p pass passwd password passphrase phrase plain postgres
    prefix private prod production project public pw pwd random real redis refresh root rotated sa safe
    secret secrets secure security server service session set shared short signing simple some something string strong
    super supersecret test testing tester tests the then this three tmp to token tokens top true two undefined unit
    unknown unset url use used user username val valid value values very w weak webhook word world wrong x xx xxx y
    yes z staging stage testpass testpassword mypassword mysecret newpass newpassword secretkey apikey passw
    encryption encrypted sign key1 oauth cookie salt pepper nonce another entry example
    adgangskode adgangsord clave contrase contrasena contrasenya cyfrinair geslo haslo heslo jelsz jelszo kennwort kodeord
    lozinka lykilor parola parole parool pasahitza passord passwort pasvorto salasana sandi senha sifra sifre slaptazodis
    wachtwoord wagwoord zaporka""".split()  # noqa: SIM905 (words read better as words)
)
_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FILLER_DIGITS = 4
_LEAST_DIGITS, _LEAST_DISTINCT = 6, 4
"""Of a value that is only a number, to be more than a filler."""

# Letter pairs that make up 93 % of the words in English technical prose and identifiers.
_PAIRS = frozenset(
    row[0] + letter
    for row in """abcdfgiklmnprstuvwy baeilorsu cacehiklortu dadeilorsu eabcdefgilmnpqrstuvwx faefiloru gaehinorsu
    haeiort iabcdefglmnoprstvxz keis ladeilostuy mabeilmopsu nacdefgiklnostuv oabcdgiklmnoprstuvw paeiloprstuy qu
    racdegiklmnoprstuy sacehilopstuy tacefhilmoprstuy uabcegilmnprst vaei waeinor xipt ynp ze""".split()  # noqa: SIM905 (words read better as words)
    for letter in row[1:]
)
_WORDLIKE = 0.6
_WORD_PAIRS = 0.7
_LETTERS = re.compile(rb"[a-z]{4,}")


def entropy(value: bytes) -> float:
    """Shannon entropy in bits a character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def is_placeholder(value: bytes) -> bool:
    """Whether a value in a token's form was plainly written to be shown: runs, counting, telling words."""
    return bool(_RUN.search(value) or _TELLING.search(value) or _PERIOD.fullmatch(value)) or _counts(value)


def is_filler(value: bytes) -> bool:
    """Whether a free value is a placeholder: as above, or made of nothing but words about secrets."""
    if is_placeholder(value) or len(set(value)) <= max(1, min(4, len(value) // 3)):
        return True
    words = list(_words(value))
    digits = sum(48 <= byte <= 57 for byte in value)
    if words:
        return all(word in _WORDS for word in words) and digits <= _FILLER_DIGITS
    return digits < _LEAST_DIGITS or len(set(value)) < _LEAST_DISTINCT or _counts(value, _LEAST_DIGITS - 1)


def looks_random(value: bytes) -> bool:
    """Whether `value` reads like output of a generator rather than words, names or sentences."""
    text = value.decode("latin-1").lower()
    pairs = len(text) - 1
    if pairs < 5 or entropy(value) < min(3.0, math.log2(len(value)) * 0.8):
        return False
    common = sum(text[at : at + 2] in _PAIRS for at in range(pairs))
    separators = len(re.findall(r"[^a-z0-9]", text))
    letters = max(1, pairs - 2 * separators)
    return common / letters < _WORDLIKE


def is_wordy(value: bytes) -> bool:
    """Whether most of `value` is words, whatever stands between them: a phrase, a field name, a struct tag."""
    words = (
        run for run in _LETTERS.findall(value.lower()) if _common_share(run.decode("ascii")) >= _WORD_PAIRS
    )
    return sum(map(len, words)) >= _WORDLIKE * len(value)


def _common_share(text: str) -> float:
    pairs = len(text) - 1
    return sum(text[at : at + 2] in _PAIRS for at in range(pairs)) / pairs


def _words(value: bytes) -> Iterator[str]:
    return (word.decode("ascii").lower() for word in _WORD.findall(value))


def _counts(value: bytes, long: int = _SEQUENCE) -> bool:
    """Whether so many neighbouring characters count up or down by one."""
    lowered = value.lower()
    run, step = 1, 0
    for before, after in pairwise(lowered):
        moved = after - before
        if moved in {1, -1} and (moved == step or run == 1):
            run += 1
        else:
            run = 2 if moved in {1, -1} else 1
        step = moved
        if run >= long:
            return True
    return False
