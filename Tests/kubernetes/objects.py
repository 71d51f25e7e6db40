"""Objects that tests start from; keyword arguments go into the spec."""


def config_map(name="settings", namespace="default", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def container(name="web", image="example.com/web:1", **more):
    return {"name": name, "image": image, **more}


def template(labels, *containers, **spec):
    return {"metadata": {"labels": labels}, "spec": {"containers": list(containers) or [container()], **spec}}


def pod(name="one", namespace="default", *containers, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": list(containers) or [container()], **spec},
    }


def workload(kind, name="web", namespace="default", pod_spec=None, **spec):
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template(labels, **(pod_spec or {})), **spec},
    }


def deployment(name="web", namespace="default", **spec):
    return workload("Deployment", name, namespace, **spec)


def service(name="web", namespace="default", port=80, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": [{"port": port}], **spec},
    }


def definition(kind="Thing", schema=None, group="example.org", **spec):
    plural = kind.lower() + "s"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": schema or {}}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [version],
            **spec,
        },
    }


def custom(name="a", kind="Thing", namespace="default", **spec):
    return {
        "apiVersion": "example.org/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
