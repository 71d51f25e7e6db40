"""Completion in real shells: the script is sourced, and the shell asked what it would offer."""

import shutil
import subprocess

import pytest

from command_line import CommandLine, program

BASH = r"""
PATH={directory}:$PATH
source <(vineyardctl completion bash)
COMP_LINE={line!r} COMP_WORDS=({words}) COMP_CWORD={index} COMP_POINT={point}
entry=$(complete -p vineyardctl) function=${{entry##*-F }}
"${{function%% *}}" vineyardctl "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\n' "${{COMPREPLY[@]}}"
"""

FISH = "set -x PATH {directory} $PATH; vineyardctl completion fish | source; complete -C {line!r}"


class Shell:
    """A shell that has read the script of the program."""

    def __init__(self, name, tmp_path, kubeconfig):
        self._name = name
        self._directory = tmp_path / "bin"
        self._directory.mkdir()
        (self._directory / "vineyardctl").symlink_to(program())
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "KUBECONFIG": str(kubeconfig),
            "TERM": "dumb",
            "LANG": "C.UTF-8",
        }
        self._tmp_path = tmp_path

    def offers(self, line):
        """What completes a line whose cursor is at its end."""
        script = {"bash": self._bash, "fish": self._fish, "zsh": self._zsh}[self._name](line)
        done = subprocess.run(
            script, capture_output=True, text=True, env=self._environment, timeout=120, cwd=self._tmp_path
        )
        assert done.returncode == 0, done.stderr
        # A description follows behind a tab.
        return {found.split("\t")[0].split(" -- ")[0].strip() for found in done.stdout.splitlines() if found.strip()}

    def _bash(self, line):
        words = line.split(" ")
        quoted = " ".join(f"'{word}'" for word in words)
        return [
            "bash",
            "-c",
            BASH.format(directory=self._directory, line=line, words=quoted, index=len(words) - 1, point=len(line)),
        ]

    def _fish(self, line):
        return ["fish", "--no-config", "--interactive", "-c", FISH.format(directory=self._directory, line=line)]

    def _zsh(self, line):
        (self._directory / ".zshrc").write_text(ZSHRC.format(directory=self._directory))
        return ["zsh", "-f", "-c", ZSH.format(directory=self._directory, line=line)]


# zsh completes only in its line editor: an interactive one runs on a pseudo-terminal (zsh/zpty), and what it is about to
# offer is printed instead, between two marks.
ZSHRC = r"""
PATH={directory}:$PATH
autoload -Uz compinit && compinit -u -d {directory}/dump
source <(vineyardctl completion zsh)
mark () {{ print -r -- "<mark>" }}
compprefuncs=(mark)
comppostfuncs=(mark finish)
finish () {{ exit }}
compadd () {{
  typeset -a hits
  builtin compadd -A hits "$@"
  (( $#hits )) && print -rl -- "${{(@)hits}}"
  builtin compadd "$@"
}}
bindkey "^I" complete-word
PROMPT="<ready>"
"""

ZSH = r"""
zmodload zsh/zpty
export ZDOTDIR={directory}
zpty shell zsh -i
zpty -r shell output "*<ready>*"
zpty -w -n shell $'{line}\t'
integer marks=0
while zpty -r shell chunk; do
  if [[ $chunk == *"<mark>"* ]]; then (( ++marks == 2 )) && break; continue; fi
  (( marks == 1 )) && print -r -- "${{chunk%$'\r\n'}}"
done
zpty -d shell
exit 0
"""


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request, cluster, tmp_path):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return Shell(request.param, tmp_path, cluster.kubeconfig)


def test_commands(shell):
    assert {"deploy", "delete", "status", "completion"} <= shell.offers("vineyardctl ")
    assert "vineyard-cluster" in shell.offers("vineyardctl deploy vineyard-cl")


def test_flags(shell):
    assert {"--kubeconfig", "--namespace", "--replicas"} <= shell.offers("vineyardctl deploy vineyard-cluster --")


def test_values_of_a_flag(shell):
    assert {"none", "client", "server"} <= shell.offers("vineyardctl deploy operator --dry-run ")


def test_contexts_of_the_kubeconfig(shell):
    assert shell.offers("vineyardctl status --context ") == {"double"}


def test_namespaces_of_the_cluster(shell):
    assert {"default", "kube-system"} <= shell.offers("vineyardctl status --namespace ")
    assert {"kube-system", "kube-public"} <= shell.offers("vineyardctl status -n kube-")


def test_names_of_clusters_and_drivers(shell, cluster, vineyardctl):
    vineyardctl("deploy", "vineyard-cluster", "--create-namespace")
    vineyardctl("deploy", "vineyardd", "-n", "team2", "--create-namespace", "--name", "second")
    vineyardctl("deploy", "csidriver", "--clusters", "team2/second")

    assert shell.offers("vineyardctl delete vineyardd --name ") == {"second", "vineyardd-sample"}
    assert shell.offers("vineyardctl delete vineyardd -n team2 --name ") == {"second"}
    assert shell.offers("vineyardctl delete csidriver --name ") == {"csidriver-sample"}
    both = {"team2/second", "vineyard-system/vineyardd-sample"}
    assert shell.offers("vineyardctl deploy csidriver --clusters ") == both
    assert shell.offers("vineyardctl deploy csidriver --clusters team2/") == {"team2/second"}
    listed = shell.offers("vineyardctl deploy csidriver --clusters team2/second,")
    assert {offer.removeprefix("team2/second,") for offer in listed} == both - {"team2/second"}


def test_files(shell, tmp_path):
    (tmp_path / "my-cluster.yaml").write_text("")
    assert any("my-cluster.yaml" in offer for offer in shell.offers("vineyardctl render -f my-cl"))


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_needs_no_cluster(tmp_path, name):
    run = CommandLine(None, tmp_path)
    assert "vineyardctl" in run("completion", name).output
    assert "ksh" in run("completion", "ksh", status=2).error
