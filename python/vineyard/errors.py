"""Exceptions, one for each status code of the store.

Names, bases and labels are those of the released client: code that catches its exceptions goes on working.
"""

from __future__ import annotations

__all__: list[str] = []


class VineyardException(RuntimeError):
    """Base of all errors that a store answers with, or that a client meets on the way to it."""

    code = 255
    label = "Unknown error"

    def __init__(self, message: str = "") -> None:
        super().__init__(f"{self.label}: {message}" if message else self.label)


def _define(name: str, code: int, label: str, doc: str) -> type[VineyardException]:
    kind = type(
        f"{name}Exception",
        (VineyardException,),
        {"code": code, "label": label, "__doc__": doc, "__module__": __name__},
    )
    __all__.append(kind.__name__)
    return kind


InvalidException = _define("Invalid", 1, "Invalid", "A request makes no sense.")
KeyErrorException = _define("KeyError", 2, "Key error", "Something asked for is not there.")
TypeErrorException = _define("TypeError", 3, "Type error", "A value has the wrong type.")
IOErrorException = _define("IOError", 4, "IOError", "A transfer, a file or a peer failed.")
EndOfFileException = _define("EndOfFile", 5, "End Of File", "Data ended too early.")
NotImplementedException = _define(
    "NotImplemented", 6, "Not implemented", "The store, or this socket, does not do that."
)
AssertionFailedException = _define("AssertionFailed", 7, "Assertion failed", "A condition does not hold.")
UserInputErrorException = _define("UserInputError", 8, "User input error", "Bad input.")
ObjectExistsException = _define("ObjectExists", 11, "Object exists", "There is one already.")
ObjectNotExistsException = _define("ObjectNotExists", 12, "Object not exists", "No such object, blob, name or stream.")
ObjectSealedException = _define("ObjectSealed", 13, "Object sealed", "A sealed blob cannot be changed.")
ObjectNotSealedException = _define("ObjectNotSealed", 14, "Object not sealed", "A blob is still being written.")
ObjectIsBlobException = _define("ObjectIsBlob", 15, "Object not blob", "A blob where an object is needed.")
ObjectTypeErrorException = _define("ObjectTypeError", 16, "Object type mismatch", "An object has another type.")
MetaTreeInvalidException = _define("MetaTreeInvalid", 21, "Metatree invalid", "Metadata that makes no sense.")
MetaTreeTypeInvalidException = _define("MetaTreeTypeInvalid", 22, "Metatree type invalid", "A bad type name.")
MetaTreeTypeNotExistsException = _define("MetaTreeTypeNotExists", 23, "Metatree type not exists", "No type name.")
MetaTreeNameInvalidException = _define("MetaTreeNameInvalid", 24, "Metatree name invalid", "A bad name of a field.")
MetaTreeNameNotExistsException = _define("MetaTreeNameNotExists", 25, "Metatree name not exists", "A field is missing.")
MetaTreeLinkInvalidException = _define("MetaTreeLinkInvalid", 26, "Metatree link invalid", "A bad link to a member.")
MetaTreeSubtreeNotExistsException = _define(
    "MetaTreeSubtreeNotExists", 27, "Metatree subtree not exists.", "Metadata of an unknown object."
)
VineyardServerNotReadyException = _define(
    "VineyardServerNotReady", 31, "Vineyard server not ready", "The store is still starting."
)
ArrowErrorException = _define("ArrowError", 32, "Arrow error", "Arrow refused something.")
ConnectionFailedException = _define("ConnectionFailed", 33, "Connection failed", "No connection can be made.")
ConnectionErrorException = _define("ConnectionError", 34, "Connection error", "A connection broke, or was refused.")
EtcdErrorException = _define("EtcdError", 35, "Etcd error", "etcd failed.")
AlreadyStoppedException = _define("AlreadyStopped", 36, "Already stopped", "The store is shutting down.")
RedisErrorException = _define("RedisError", 37, "Redis error", "redis failed.")
NotEnoughMemoryException = _define("NotEnoughMemory", 41, "Not enough memory", "The store, or the volume, is full.")
StreamDrainedException = _define("StreamDrained", 42, "Stream drain", "A stream has no more chunks.")
StreamFailedException = _define("StreamFailed", 43, "Stream failed", "A stream's writer failed.")
InvalidStreamStateException = _define(
    "InvalidStreamState", 44, "Invalid stream state", "A stream does not allow that now."
)
StreamOpenedException = _define("StreamOpened", 45, "Stream opened", "A stream is open in that mode already.")
GlobalObjectInvalidException = _define("GlobalObjectInvalid", 51, "Global object invalid", "Bad members.")
UnknownErrorException = _define("UnknownError", 255, "Unknown error", "Anything else.")

__all__ += ["VineyardException", "error_of"]

_BY_CODE = {kind.code: kind for kind in VineyardException.__subclasses__()}


def error_of(code: int, message: str) -> VineyardException:
    """Exception for a status code."""
    kind = _BY_CODE.get(code)
    return kind(message) if kind else UnknownErrorException(f"{message} (status {code})")
