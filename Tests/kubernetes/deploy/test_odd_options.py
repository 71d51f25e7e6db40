"""Options that do nothing are told so, and numbers that make no sense are refused, before anything is made."""

import pytest

from command_line import CommandLine

IDLE = {
    "--vineyardd.spill.config=spill --vineyardd.spill.path=/spill": "--vineyardd.spill.* has no effect: ",
    "--vineyardd.spill.spillUpperRate=0.9": "--vineyardd.spill.* has no effect: ",
    "--vineyardd.metric.image=m:1": "--vineyardd.metric.image has no effect: ",
    "--vineyardd.metric.imagePullPolicy=Never": "--vineyardd.metric.imagePullPolicy has no effect: ",
    "--pluginImage.recoverImage=b:1": "--pluginImage.* has no effect: ",
    "--vineyardd.syncCRDs": "--vineyardd.syncCRDs has no effect: ",
    "--vineyardd.syncCRDs=true": "--vineyardd.syncCRDs has no effect: ",
    "--meta=local --etcd.replicas=3": "--etcd.replicas has no effect: ",
}
NONSENSE = {
    "--replicas=0": "--replicas 0 leaves no store",
    "--replicas=-2": "--replicas -2 leaves no store",
    "--vineyardd.size=0": "--vineyardd.size 0 is too little for a store",
    "--vineyardd.size=5": "--vineyardd.size 5 is too little for a store",
    "--vineyardd.size=-5Gi": "invalid size '-5Gi': it is negative",
    "--vineyardd.memory=0": "invalid memory '0': it is not above zero",
    "--vineyardd.memory=-1Gi": "invalid memory '-1Gi': it is not above zero",
    "--vineyardd.memory=12": "memory 12 is too little for a store (hint: give ",
    "--architectures=x86_64": "invalid architecture 'x86_64' (hint: did you mean amd64?)",
    "--architectures=amd65": "invalid architecture 'amd65' (hint: did you mean amd64?)",
    "--selinux=a b": "invalid --selinux 'a b' (hint: write a type, such as spc_t, or user:role:type:level)",
    '--securityContext={"runAsUzer": 0}': (
        "--securityContext has an unknown field 'runAsUzer' (hint: did you mean runAsUser?)"
    ),
    "--vineyardd.cpu=0": "invalid cpu '0': it is not above zero",
    "--vineyardd.streamThreshold=101": "invalid stream threshold",
    "--vineyardd.service.port=0": "invalid service port",
    "--etcd.replicas=0": "invalid number of etcd replicas",
    "--etcd.storage_class=fast": "a storage class for etcd without a size",
    "--meta=redis": "invalid place of metadata 'redis': metadata cannot live in Redis (hint: give etcd or local)",
}
TARGETS = ("vineyard-cluster", "vineyardd", "vineyard-deployment")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("flags, warning", IDLE.items())
def test_given_an_option_without_effect_when_deployed_then_a_line_says_so(tmp_path, target, flags, warning):
    run = CommandLine(None, tmp_path)("deploy", target, "--dry-run=client", *flags.split())

    assert [line for line in run.lines if line.startswith(f"⚠ {warning}")]


def test_given_that_nothing_is_to_be_mirrored_when_deployed_then_nothing_is_warned_of(tmp_path):
    assert (
        "⚠"
        not in CommandLine(None, tmp_path)(
            "deploy", "vineyardd", "--dry-run=client", "--vineyardd.syncCRDs=false"
        ).story
    )


def test_given_nothing_but_defaults_when_deployed_then_nothing_is_warned_of(tmp_path):
    for target in TARGETS:
        assert "⚠" not in CommandLine(None, tmp_path)("deploy", target, "--dry-run=client").story


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("flag, complaint", NONSENSE.items())
def test_given_nonsense_when_deployed_then_it_is_refused(tmp_path, target, flag, complaint):
    run = CommandLine(None, tmp_path)("deploy", target, "--dry-run=client", flag, status=2)

    assert complaint in run.error and run.output == ""


@pytest.mark.parametrize("target", TARGETS)
def test_given_half_of_spilling_when_deployed_then_the_error_names_its_flags_and_nothing_else_is_said(tmp_path, target):
    run = CommandLine(None, tmp_path)("deploy", target, "--dry-run=client", "--vineyardd.spill.config=x", status=2)

    assert "--vineyardd.spill.config" in run.error and "--vineyardd.spill.path" in run.error
    assert run.lines == [run.error]
