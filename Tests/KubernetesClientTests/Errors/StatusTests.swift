import KubernetesObjects
import Support
import Testing

@testable import KubernetesClient

@Suite("answers that are no success")
struct StatusTests {
  private func error(
    _ status: Int, _ body: String, headers: [HTTPHeader] = [], verb: String = "apply"
  ) -> KubernetesError {
    let response = HTTPResponse(head: HTTPHead(status: status, headers: headers), body: Array(body.utf8))
    return KubernetesError(response, Operation(verb, "Deployment a/b"), server: "https://s")
  }

  @Test("a Status object is read field by field")
  func status() {
    let error = error(
      422,
      #"""
      {"kind":"Status","apiVersion":"v1","status":"Failure","message":"Deployment \"b\" is invalid","reason":"Invalid",
       "details":{"name":"b","kind":"Deployment","retryAfterSeconds":2,"causes":[
         {"reason":"FieldValueInvalid","message":"Invalid value: -1","field":"spec.replicas"},
         {"reason":"FieldValueRequired","message":"Required value","field":"spec.selector"}]},"code":422}
      """#)
    #expect(error.reason == "Invalid")
    #expect(error.causes.map(\.field) == ["spec.replicas", "spec.selector"])
    #expect(error.retryAfter == .seconds(2))
    #expect(
      error.asProgramError
        == ProgramError(
          .failed, "cannot apply Deployment a/b",
          cause: "spec.replicas: Invalid value: -1; spec.selector: Required value"))
  }

  @Test("plain text is the message, a page of HTML is not")
  func text() {
    #expect(error(400, "bad request\n").message == "bad request")
    #expect(error(502, "<html>Bad Gateway</html>").message == "HTTP status 502")
    #expect(error(500, "").message == "HTTP status 500")
    #expect(error(400, String(repeating: "x", count: 5000)).message.count == 301)
  }

  @Test("the header Retry-After counts before the body's")
  func retryAfter() {
    let body = #"{"kind":"Status","details":{"retryAfterSeconds":2}}"#
    #expect(error(429, body, headers: [HTTPHeader("retry-after", "9")]).retryAfter == .seconds(9))
  }

  @Test("a conflict names the other managers and what they own")
  func conflict() {
    let error = error(
      409,
      #"""
      {"kind":"Status","reason":"Conflict","message":"Apply failed with 3 conflicts","details":{"causes":[
        {"reason":"FieldManagerConflict","message":"conflict with \"kubectl-edit\" using apps/v1","field":".spec.replicas"},
        {"reason":"FieldManagerConflict","message":"conflict with \"helm\" using apps/v1","field":".spec.paused"},
        {"reason":"FieldManagerConflict","message":"conflict with \"kubectl-edit\" using apps/v1","field":".spec.x"}]}}
      """#)
    #expect(error.isConflict)
    #expect(
      error.asProgramError.description
        == "cannot apply Deployment a/b: 'kubectl-edit' owns .spec.replicas, .spec.x; 'helm' owns .spec.paused "
        + "(hint: --force-conflicts takes the fields over)")
  }

  @Test("an object that is not there is another thing than a path that is not there")
  func notFound() {
    let object = error(404, #"{"kind":"Status","reason":"NotFound","details":{"name":"b","kind":"deployments"}}"#)
    #expect(object.asProgramError.code == .notFound)
    #expect(error(404, "404 page not found\n").asProgramError.code == .failed)
  }

  @Test(
    "hints say what to do",
    arguments: [
      (401, "log in again: the token or certificate of this context may have expired (server https://s)"),
      (403, "ask the cluster's administrator for a role that allows it"),
      (409, "it changed meanwhile; try again"),
      (503, "try again later"),
    ])
  func hints(status: Int, hint: String) {
    #expect(error(status, #"{"kind":"Status","message":"m"}"#).asProgramError.hint == hint)
  }

  @Test("a kind that the server lacks asks for a deployment")
  func unknownKind() {
    let error = KubernetesError.unknownKind(
      ObjectType(apiVersion: "k8s.v6d.io/v1alpha1", kind: "Vineyardd"), Operation("list", "Vineyardd objects"),
      server: "https://s")
    #expect(error.isUnknownKind)
    #expect(error.description.contains("the server has no kind Vineyardd (k8s.v6d.io/v1alpha1) (hint: deploy"))
  }
}

@Suite("failures of the transport in words")
struct TransportErrorTextTests {
  private func text(_ kind: TransportError.Kind) -> ProgramError {
    let failure = TransportFailure(kind, "detail")
    return TransportError(failure, Operation("get", "Pod a/b"), server: "https://s:6443").asProgramError
  }

  @Test("nothing listens")
  func refused() {
    #expect(
      text(.unreachable(.refused)).description
        == "cannot get Pod a/b: nothing listens at https://s:6443 (hint: is the cluster running? check --context and "
        + "--kubeconfig)")
  }

  @Test(
    "each certificate problem has a name",
    arguments: [
      (TransportError.TLSProblem.expired, "has expired"),
      (.notYetValid, "is not valid yet"),
      (.unknownAuthority, "is signed by an unknown authority"),
      (.wrongName, "is for another name: detail"),
      (.clientCertificate, "the client certificate is not accepted: detail"),
      (.notTLS, "does not speak TLS"),
    ])
  func certificates(problem: TransportError.TLSProblem, part: String) {
    #expect(text(.tls(problem)).description.contains(part))
    #expect(text(.tls(problem)).hint != nil)
  }

  @Test("only a timeout means not ready")
  func codes() {
    #expect(text(.timeout).code == .notReady)
    #expect(text(.reset).code == .failed)
  }
}
