"""Given finalizers, owners and namespaces, when objects are deleted, then what depends on them follows."""

import time

import objects
from waiting import eventually

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def owned(name, owner, **reference):
    body = objects.config_map(name)
    meta = owner["metadata"]
    body["metadata"]["ownerReferences"] = [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": meta["name"],
            "uid": meta["uid"],
            **reference,
        }
    ]
    return body


def test_given_a_finalizer_when_deleted_then_the_object_stays_until_it_is_gone(api):
    body = objects.config_map()
    body["metadata"]["finalizers"] = ["example.org/keep"]
    api.post(MAPS, body)
    assert api.delete(f"{MAPS}/settings").json["metadata"]["deletionTimestamp"]
    more = api.patch(f"{MAPS}/settings", {"metadata": {"finalizers": ["example.org/keep", "example.org/more"]}})
    assert more.status == 422 and "no new finalizers can be added" in more.json["message"]
    api.patch(f"{MAPS}/settings", {"metadata": {"finalizers": None}})
    assert api.get(f"{MAPS}/settings").status == 404


def test_given_wrong_preconditions_when_deleted_then_409(api):
    api.post(MAPS, objects.config_map())
    assert api.delete(f"{MAPS}/settings", {"preconditions": {"uid": "another"}}).status == 409
    assert api.delete(f"{MAPS}/settings", {"preconditions": {"resourceVersion": "1"}}).status == 409


def test_given_an_owner_when_deleted_in_the_background_then_dependents_are_collected(api):
    owner = api.post(MAPS, objects.config_map("owner")).json
    api.post(MAPS, owned("dependent", owner))
    assert api.delete(f"{MAPS}/owner").json["status"] == "Success"
    eventually(lambda: api.get(f"{MAPS}/dependent").status == 404, "the dependent is collected")


def test_given_foreground_when_deleted_then_the_owner_waits_for_its_dependents(api):
    owner = api.post(MAPS, objects.config_map("owner")).json
    body = owned("dependent", owner, blockOwnerDeletion=True)
    body["metadata"]["finalizers"] = ["example.org/keep"]
    api.post(MAPS, body)
    reply = api.delete(f"{MAPS}/owner", propagationPolicy="Foreground")
    assert reply.json["metadata"]["finalizers"] == ["foregroundDeletion"]
    eventually(lambda: "deletionTimestamp" in api.get(f"{MAPS}/dependent").json["metadata"], "the dependent is going")
    assert api.get(f"{MAPS}/owner").status == 200
    api.patch(f"{MAPS}/dependent", {"metadata": {"finalizers": None}})
    eventually(lambda: api.get(f"{MAPS}/owner").status == 404, "the owner is gone")


def test_given_orphan_when_deleted_then_dependents_stay_without_an_owner(api):
    owner = api.post(MAPS, objects.config_map("owner")).json
    api.post(MAPS, owned("dependent", owner))
    api.delete(f"{MAPS}/owner", propagationPolicy="Orphan")
    eventually(lambda: api.get(f"{MAPS}/owner").status == 404, "the owner is gone")
    assert "ownerReferences" not in api.get(f"{MAPS}/dependent").json["metadata"]


def test_given_an_owner_of_another_uid_when_created_then_the_dependent_is_collected(api):
    owner = api.post(MAPS, objects.config_map("owner")).json
    api.post(MAPS, owned("dependent", owner | {"metadata": owner["metadata"] | {"uid": "no-such"}}))
    eventually(lambda: api.get(f"{MAPS}/dependent").status == 404, "the dependent is collected")


def test_given_a_namespace_when_deleted_then_its_content_goes_and_new_content_is_refused(api):
    api.post("/api/v1/namespaces", {"metadata": {"name": "going"}})
    path = "/api/v1/namespaces/going/configmaps"
    body = objects.config_map(namespace="going")
    body["metadata"]["finalizers"] = ["example.org/keep"]
    api.post(path, body)
    assert api.delete("/api/v1/namespaces/going").json["status"]["phase"] == "Terminating"
    late = api.post(path, objects.config_map("late", "going"))
    assert late.status == 403
    assert "unable to create new content in namespace going because it is being terminated" in late.json["message"]
    api.patch(f"{path}/settings", {"metadata": {"finalizers": None}})
    eventually(lambda: api.get("/api/v1/namespaces/going").status == 404, "the namespace is gone")


def test_given_a_protected_namespace_when_deleted_then_403(api):
    assert api.delete("/api/v1/namespaces/default").status == 403


def test_given_a_deployment_when_deleted_then_its_sets_and_pods_go(api):
    api.post(DEPLOYMENTS, objects.deployment(replicas=2))
    pods = "/api/v1/namespaces/default/pods"
    eventually(lambda: len(api.get(pods).json["items"]) == 2, "pods are there")
    api.delete(f"{DEPLOYMENTS}/web")
    eventually(lambda: not api.get(pods).json["items"], "pods are gone")


def test_given_a_job_when_deleted_without_a_policy_then_its_pods_stay_and_a_warning_says_so(api):
    path = "/apis/batch/v1/namespaces/default/jobs"
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [objects.container()]}}}
    api.post(path, {"metadata": {"name": "once"}, "spec": spec})
    eventually(lambda: api.get(f"{path}/once").json["status"].get("succeeded"), "the job is complete")
    assert "child pods are preserved by default" in api.delete(f"{path}/once").warnings[0]
    eventually(lambda: api.get(f"{path}/once").status == 404, "the job is gone")
    assert len(api.get("/api/v1/namespaces/default/pods").json["items"]) == 1


def test_given_a_selector_when_a_collection_is_deleted_then_only_the_selected_go(api):
    body = objects.config_map("a")
    body["metadata"]["labels"] = {"gone": "yes"}
    api.post(MAPS, body)
    api.post(MAPS, objects.config_map("b"))
    api.delete(MAPS, labelSelector="gone=yes")
    assert api.get(f"{MAPS}/a").status == 404 and api.get(f"{MAPS}/b").status == 200


def test_given_an_owner_in_a_namespace_of_what_is_in_none_when_deleted_in_the_foreground_then_it_stays(api):
    made = api.post(MAPS, objects.config_map("owner")).json
    reference = {key: made[key] for key in ("apiVersion", "kind")} | {"name": "owner", "uid": made["metadata"]["uid"]}
    meta = {"name": "misplaced", "ownerReferences": [{**reference, "blockOwnerDeletion": True}]}
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    assert api.post(roles, {"metadata": meta, "rules": []}).status == 201

    api.delete(f"{MAPS}/owner", propagationPolicy="Foreground")

    time.sleep(1)
    assert api.get(f"{MAPS}/owner").status == 200
    assert api.get(f"{roles}/misplaced").status == 200
    api.delete(f"{roles}/misplaced")
    eventually(lambda: api.get(f"{MAPS}/owner").status == 404, "nothing holds the owner any more")
