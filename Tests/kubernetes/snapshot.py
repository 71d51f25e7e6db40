"""What is in a cluster, to compare before and after."""

from __future__ import annotations

from apiserver.client import Client

KINDS = (
    "api/v1/namespaces",
    "api/v1/services",
    "api/v1/serviceaccounts",
    "api/v1/secrets",
    "api/v1/configmaps",
    "api/v1/pods",
    "api/v1/persistentvolumes",
    "api/v1/persistentvolumeclaims",
    "apis/apps/v1/deployments",
    "apis/apps/v1/replicasets",
    "apis/apps/v1/statefulsets",
    "apis/apps/v1/daemonsets",
    "apis/policy/v1/poddisruptionbudgets",
    "apis/networking.k8s.io/v1/networkpolicies",
    "apis/rbac.authorization.k8s.io/v1/roles",
    "apis/rbac.authorization.k8s.io/v1/rolebindings",
    "apis/rbac.authorization.k8s.io/v1/clusterroles",
    "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "apis/storage.k8s.io/v1/storageclasses",
    "apis/storage.k8s.io/v1/csidrivers",
    "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "apis/apiextensions.k8s.io/v1/customresourcedefinitions",
)


def everything(api: Client) -> set[str]:
    """`resource namespace/name` of each object there is."""
    return {
        f"{path.rsplit('/', 1)[1]} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}"
        for path in KINDS
        for item in api.get(f"/{path}").json["items"]
    }


def versions(api: Client) -> dict[str, str]:
    """The resourceVersion of each object whose owner is this program, by `resource namespace/name`."""
    return {
        f"{path.rsplit('/', 1)[1]} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item[
            "metadata"
        ]["resourceVersion"]
        for path in KINDS
        for item in api.get(f"/{path}").json["items"]
        if any(
            entry["manager"] == "vineyardctl" and entry["operation"] == "Apply"
            for entry in item["metadata"].get("managedFields", ())
        )
    }
