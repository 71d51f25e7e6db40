"""A pod as the kernel sees it: processes in a mount namespace of their own, with a volume at a path of their choice."""

from peer import Peer

# What a container runtime does with a volume: another bind mount, at the path that the container wants.
_ENTER = 'mount --bind "$0" "$1" && shift && exec "$@"'


def in_pod(source, path):
    """The words that put a command into a pod that has `source` mounted at `path`, which must be an empty directory."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, str(source), str(path)]


class Pod(Peer):
    """A process with the released client in a pod; `run` executes Python in it.

    With a user it gives up all rights but those of the user and the groups, as a container with `runAsUser` and
    `fsGroup` begins.
    """

    def __init__(self, source, path, user=None, groups=()):
        path.mkdir(exist_ok=True)
        super().__init__(wrapper=in_pod(source, path))
        self.path = path
        self.run("volume = path", path=str(path))
        if user is not None:
            self.run("os.setgroups(groups); os.setgid(user); os.setuid(user)", user=user, groups=list(groups))

    def write(self, name, source):
        """Writes the value of an expression."""
        self.run(f"vineyard.csi.write({source}, f'{{volume}}/{{name}}')", name=name)

    def read(self, name, source="value"):
        """Reads `value` and returns what an expression makes of it."""
        return self.run(f"value = vineyard.csi.read(f'{{volume}}/{{name}}'); {source}".replace("; ", "\n"), name=name)
