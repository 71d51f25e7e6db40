"""Resource quantities: parsed, and in the canonical form in which the server answers them."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_FORM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?\Z")
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class QuantityError(ValueError):
    """Text that is no quantity."""


@lru_cache(maxsize=4096)
def parse(text: str | int | float) -> Fraction:
    """The value of a quantity, in bytes, cores or pieces. Raises `QuantityError`."""
    return _parsed(str(text))[0]


@lru_cache(maxsize=4096)
def canonical(text: str | int | float) -> str:
    """The quantity as the server stores it: no fraction, largest suffix. Raises `QuantityError`."""
    value, suffix = _parsed(str(text))
    if suffix in _BINARY and abs(value) >= 1024 and value.denominator == 1:
        for name, power in sorted(_BINARY.items(), key=lambda item: -item[1]):
            if value % (1 << power) == 0:
                return f"{value / (1 << power)}{name}"
        return str(value)
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _scaled(value, {"" if power == 0 else f"e{power}": power for power in _DECIMAL.values()})
    return _scaled(value, _DECIMAL)


def _scaled(value: Fraction, suffixes: dict[str, int]) -> str:
    if value == 0:
        return "0"
    for name, power in sorted(suffixes.items(), key=lambda item: -item[1]):
        scaled = value / Fraction(10) ** power
        if scaled.denominator == 1:
            return f"{scaled}{name}"
    return f"{-(-value * 10**9 // 1)}n"


def _parsed(text: str) -> tuple[Fraction, str]:
    match = _FORM.match(text)
    if match is None:
        raise QuantityError(RULE)
    sign, digits, suffix = match.group(1), match.group(2), match.group(3) or ""
    value = Fraction(digits if not digits.endswith(".") else digits[:-1])
    if suffix in _BINARY:
        value *= 1 << _BINARY[suffix]
    elif suffix in _DECIMAL:
        value *= Fraction(10) ** _DECIMAL[suffix]
    else:
        value *= Fraction(10) ** int(suffix[1:])
    return (-value if sign == "-" else value), suffix
