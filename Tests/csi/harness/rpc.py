"""Calls of the driver over gRPC."""

from dataclasses import dataclass

import grpc

from harness import protocol
from waiting import PATIENCE


@dataclass(frozen=True)
class Refusal:
    """How a call failed: the name of the gRPC status, and what it says."""

    code: str
    text: str


def refusal(error):
    return Refusal(error.code().name, error.details())


class Endpoint:
    """One connection to a driver. Fields of requests are keyword arguments, nested messages dictionaries."""

    def __init__(self, address):
        self._channel = grpc.insecure_channel(address)
        self._methods = {}

    def close(self):
        self._channel.close()

    def _method(self, name):
        if name not in self._methods:
            self._methods[name] = self._channel.unary_unary(
                protocol.METHODS[name][0],
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=protocol.reply_class(name).FromString,
            )
        return self._methods[name]

    def call(self, method, **fields):
        """A call that must succeed; returns the reply."""
        try:
            return self.attempt(method, **fields)
        except grpc.RpcError as error:
            raise AssertionError(f"{method}: {refusal(error)}") from None

    def attempt(self, method, **fields):
        """A call that may fail with `grpc.RpcError`."""
        return self._method(method)(protocol.request(method, **fields), timeout=PATIENCE)

    def refused(self, method, **fields):
        """A call that must fail; returns the `Refusal`, whose text is one line."""
        try:
            reply = self.attempt(method, **fields)
        except grpc.RpcError as error:
            told = refusal(error)
            assert told.text and "\n" not in told.text, f"{method}: {told}"
            return told
        raise AssertionError(f"{method} was not refused: {reply}")

    def begin(self, method, **fields):
        """Starts a call and returns its future."""
        return self._method(method).future(protocol.request(method, **fields), timeout=PATIENCE)

    def is_there(self):
        """Whether somebody answers."""
        try:
            self.attempt("GetPluginInfo")
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                return False
            raise
        return True
