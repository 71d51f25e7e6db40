import KubernetesObjects
import Support
import Testing

@testable import KubernetesClient

@Suite("URLs")
struct URLTests {
  private let deployments = APIResource(type: .deployment, plural: "deployments", isNamespaced: true, verbs: [])
  private let nodes = APIResource(
    type: ObjectType(apiVersion: "v1", kind: "Node"), plural: "nodes", isNamespaced: false, verbs: [])

  @Test("the core group and named groups have different roots")
  func groups() {
    #expect(APIPath(nodes, namespace: nil).text == "/api/v1/nodes")
    #expect(APIPath(deployments, namespace: nil).text == "/apis/apps/v1/deployments")
  }

  @Test("only namespaced resources are looked for in a namespace")
  func namespaces() {
    #expect(APIPath(nodes, namespace: "a").text == "/api/v1/nodes")
    #expect(APIPath(deployments, namespace: "a").text == "/apis/apps/v1/namespaces/a/deployments")
  }

  @Test("segments and parameters are escaped")
  func escaping() {
    let path = APIPath("api", "a/b?c").setting("labelSelector", "app in (x,y),é!=z").setting("left", nil)
    #expect(path.text == "/api/a%2Fb%3Fc?labelSelector=app%20in%20%28x%2Cy%29%2C%C3%A9%21%3Dz")
  }

  @Test("a selection says its selectors")
  func selection() {
    let selection = Selection(type: .deployment, namespace: "n", labels: "a=b", fields: "metadata.name=c")
    #expect(
      selection.path(deployments).text
        == "/apis/apps/v1/namespaces/n/deployments?labelSelector=a%3Db&fieldSelector=metadata.name%3Dc")
    #expect(selection.operation("list").description == "list Deployment objects in namespace n")
  }

  @Test(
    "an address has a host, a port and perhaps a path",
    arguments: [
      ("https://example.org", "example.org", 443, ""),
      ("http://example.org", "example.org", 80, ""),
      ("https://10.0.0.1:6443/", "10.0.0.1", 6443, ""),
      ("https://[fd00::1]:6443/k8s/c-1/", "fd00::1", 6443, "/k8s/c-1"),
      ("HTTPS://[fd00::1]", "fd00::1", 443, ""),
    ])
  func addresses(url: String, host: String, port: Int, path: String) throws {
    let address = try ServerAddress(url)
    #expect(address.host == host)
    #expect(address.port == port)
    #expect(address.path == path)
  }

  @Test(
    "what is no address is refused",
    arguments: ["", "example.org", "ftp://a", "https://", "https://a:0", "https://[::1", "https://a:b"])
  func invalid(url: String) {
    #expect(throws: ProgramError.self) { try ServerAddress(url) }
  }

  @Test("with another server name, that name is asked for and the address is connected to")
  func serverName() throws {
    var request = HTTPRequest("")
    try request.direct(to: ServerAddress("https://10.0.0.1:6443/p"), path: "/version", serverName: "kubernetes")
    #expect(request.url == "https://kubernetes:6443/p/version")
    #expect(request.connection.connectTo == "kubernetes:6443:10.0.0.1:6443")
    #expect(request.headers == [HTTPHeader("Host", "10.0.0.1:6443")])
  }

  @Test("a header cannot smuggle in another")
  func smuggling() throws {
    var request = HTTPRequest("")
    request.headers = [HTTPHeader("Authorization", "Bearer a\r\nX: y")]
    #expect(throws: ProgramError.self) {
      try request.direct(to: ServerAddress("https://a"), path: "/", serverName: nil)
    }
  }
}
