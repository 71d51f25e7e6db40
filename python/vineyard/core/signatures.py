"""Which keyword arguments a function that users registered takes."""

from __future__ import annotations

from typing import Any, Callable


class Signatures:
    """Answers, remembered, because looking takes longer than a small put."""

    def __init__(self, keyword: str) -> None:
        self._keyword = keyword
        self._known: dict[Any, tuple[bool, bool]] = {}

    def of(self, function: Callable[..., Any]) -> tuple[bool, bool]:
        """Whether the function takes the keyword, and whether it takes any."""
        key = getattr(function, "__code__", function)
        found = self._known.get(key)
        if found is None:
            import inspect

            parameters = inspect.signature(function).parameters
            takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
            found = (self._keyword in parameters or takes_all, takes_all)
            self._known[key] = found
        return found
