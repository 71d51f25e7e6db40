"""The released client in a process of its own: it does what the lines of its standard input say."""

import json
import sys
import traceback

import vineyard

from values import assert_same, make_values

values = make_values()
client = vineyard.connect(sys.argv[1])


def described(meta):
    """Metadata without what differs from object to object, and with the bytes of blobs."""
    tree = {}
    for key, value in meta.items():
        if isinstance(value, vineyard.ObjectMeta):
            if value.typename == "vineyard::Blob":
                blob = None if int(value.id) == 1 << 63 else client.get_blob(value.id)
                tree[key] = bytes(blob).hex() if blob is not None else ""
            else:
                tree[key] = described(value)
        elif key not in ("id", "signature", "__timestamp", "instance_id"):
            tree[key] = value
    return tree


def answer(request):
    """One request: [operation, name, id]."""
    operation, name, identifier = request
    if operation == "put":
        return repr(client.put(values[name]))
    if operation == "check":
        assert_same(client.get(vineyard.ObjectID(identifier)), values[name])
    elif operation == "describe":
        return described(client.get_meta(vineyard.ObjectID(identifier)))
    elif operation == "type":
        return type(client.get(vineyard.ObjectID(identifier))).__name__
    elif operation == "write":
        vineyard.csi.write(values[name], identifier)
    elif operation == "read":
        assert_same(vineyard.csi.read(identifier), values[name])
    return None


for line in sys.stdin:
    try:
        reply = [True, answer(json.loads(line))]
    except BaseException:
        reply = [False, traceback.format_exc()]
    print(json.dumps(reply), flush=True)
