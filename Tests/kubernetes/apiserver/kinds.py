"""What a kind is to the API: names, scope, verbs and subresources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind in one version of one group."""

    group: str
    version: str
    name: str
    plural: str
    namespaced: bool
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    status: bool = False
    scale: bool = False
    subresources: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Further subresources: name, "group/version kind" and verbs."""
    verbs: tuple[str, ...] = ALL_VERBS
    singular: str = ""
    list_name: str = ""
    custom: Any = field(default=None, repr=False)
    """The CustomResourceDefinition's schema and subresources, for custom resources."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`plural.group`, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def list_kind(self) -> str:
        return self.list_name or self.name + "List"

    @property
    def path(self) -> str:
        """The path of the group version that serves the kind."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def stored(self) -> str:
        """The key prefix of its objects, the same in every version."""
        return f"{self.group}/{self.plural}"


def _core(name: str, plural: str, namespaced: bool = True, **more: Any) -> Kind:
    return Kind("", "v1", name, plural, namespaced, **more)


def _kind(group_version: str, name: str, plural: str, namespaced: bool = True, **more: Any) -> Kind:
    group, version = group_version.split("/")
    return Kind(group, version, name, plural, namespaced, **more)


_WITH_STATUS: dict[str, Any] = {"status": True}
_ALL = ("all",)
_POD_SUBRESOURCES = (
    ("eviction", "policy/v1 Eviction", ("create",)),
    ("log", "v1 Pod", ("get",)),
    ("portforward", "v1 PodPortForwardOptions", ("create", "get")),
)
_REVIEW: dict[str, Any] = {"verbs": ("create",)}
_AUTHORIZATION = "authorization.k8s.io/v1"

BUILT_IN: tuple[Kind, ...] = (
    _core(
        "Namespace",
        "namespaces",
        False,
        short=("ns",),
        subresources=(("finalize", "v1 Namespace", ("update",)),),
        **_WITH_STATUS,
    ),
    _core("Pod", "pods", short=("po",), categories=_ALL, subresources=_POD_SUBRESOURCES, **_WITH_STATUS),
    _core("Service", "services", short=("svc",), categories=_ALL, **_WITH_STATUS),
    _core("Endpoints", "endpoints", short=("ep",), list_name="EndpointsList"),
    _core("ConfigMap", "configmaps", short=("cm",)),
    _core("Secret", "secrets"),
    _core(
        "ServiceAccount",
        "serviceaccounts",
        short=("sa",),
        subresources=(("token", "authentication.k8s.io/v1 TokenRequest", ("create",)),),
    ),
    _core("Node", "nodes", False, short=("no",), **_WITH_STATUS),
    _core("Event", "events", short=("ev",)),
    _core("PersistentVolume", "persistentvolumes", False, short=("pv",), **_WITH_STATUS),
    _core("PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",), **_WITH_STATUS),
    _core("ResourceQuota", "resourcequotas", short=("quota",), **_WITH_STATUS),
    _core("LimitRange", "limitranges", short=("limits",)),
    _core("PodTemplate", "podtemplates"),
    _core(
        "ReplicationController", "replicationcontrollers", short=("rc",), categories=_ALL, scale=True, **_WITH_STATUS
    ),
    _kind("apps/v1", "Deployment", "deployments", short=("deploy",), categories=_ALL, scale=True, **_WITH_STATUS),
    _kind("apps/v1", "ReplicaSet", "replicasets", short=("rs",), categories=_ALL, scale=True, **_WITH_STATUS),
    _kind("apps/v1", "StatefulSet", "statefulsets", short=("sts",), categories=_ALL, scale=True, **_WITH_STATUS),
    _kind("apps/v1", "DaemonSet", "daemonsets", short=("ds",), categories=_ALL, **_WITH_STATUS),
    _kind("apps/v1", "ControllerRevision", "controllerrevisions"),
    _kind("batch/v1", "Job", "jobs", categories=_ALL, **_WITH_STATUS),
    _kind("batch/v1", "CronJob", "cronjobs", short=("cj",), categories=_ALL, **_WITH_STATUS),
    _kind(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        short=("hpa",),
        categories=_ALL,
        **_WITH_STATUS,
    ),
    _kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",), **_WITH_STATUS),
    _kind("rbac.authorization.k8s.io/v1", "Role", "roles"),
    _kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    _kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", False),
    _kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", False),
    _kind("storage.k8s.io/v1", "StorageClass", "storageclasses", False, short=("sc",)),
    _kind("storage.k8s.io/v1", "CSIDriver", "csidrivers", False),
    _kind("storage.k8s.io/v1", "CSINode", "csinodes", False),
    _kind("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", False, **_WITH_STATUS),
    _kind("storage.k8s.io/v1", "CSIStorageCapacity", "csistoragecapacities", list_name="CSIStorageCapacityList"),
    _kind("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", False, short=("pc",)),
    _kind("coordination.k8s.io/v1", "Lease", "leases"),
    _kind("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", False),
    _kind(
        "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", False
    ),
    _kind(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        False,
        short=("crd", "crds"),
        **_WITH_STATUS,
    ),
    _kind("events.k8s.io/v1", "Event", "events", short=("ev",)),
    _kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", short=("netpol",)),
    _kind("networking.k8s.io/v1", "Ingress", "ingresses", short=("ing",), **_WITH_STATUS),
    _kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", False),
    _kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    _kind("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", False),
    _kind("authentication.k8s.io/v1", "TokenReview", "tokenreviews", False, **_REVIEW),
    _kind(_AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", False, **_REVIEW),
    _kind(_AUTHORIZATION, "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, **_REVIEW),
    _kind(_AUTHORIZATION, "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, **_REVIEW),
    _kind(_AUTHORIZATION, "LocalSubjectAccessReview", "localsubjectaccessreviews", **_REVIEW),
)
