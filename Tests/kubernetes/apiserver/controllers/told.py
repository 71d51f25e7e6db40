"""Which event said what, so that the same again is counted and not said twice."""

from __future__ import annotations

from collections import OrderedDict

Said = tuple[str, str, str]
"""The uid of the object, the reason and the message."""
LIMIT = 4096
"""As many as client-go's recorder remembers."""


class Told:
    """Names of the latest events."""

    def __init__(self) -> None:
        self._names: OrderedDict[Said, str] = OrderedDict()

    def name(self, said: Said) -> str | None:
        """The name of the event that said it; None if that is forgotten or never was."""
        if said in self._names:
            self._names.move_to_end(said)
        return self._names.get(said)

    def remember(self, said: Said, name: str) -> None:
        self._names[said] = name
        if len(self._names) > LIMIT:
            self._names.popitem(last=False)
