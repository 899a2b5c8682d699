"""Numbers written in the alphabets that tokens use for their checksums."""

BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = b"0123456789abcdefghijklmnopqrstuvwxyz"
BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base_n(number: int, alphabet: bytes, length: int) -> bytes:
    """`number` in the given digits, padded with the first of them."""
    digits = bytearray()
    while number:
        number, rest = divmod(number, len(alphabet))
        digits.append(alphabet[rest])
    return bytes(digits[::-1]).rjust(length, alphabet[:1])
