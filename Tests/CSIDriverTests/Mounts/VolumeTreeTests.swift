import GRPCCore
import Glibc
import Testing

@testable import CSIDriver

@Suite("The directories of volumes")
struct VolumeTreeTests {
  private let scratch: TemporaryDirectory
  private let tree: VolumeTree
  private let cluster: ClusterName

  init() throws {
    scratch = try TemporaryDirectory()
    tree = VolumeTree(root: scratch.path)
    cluster = try #require(ClusterName(namespace: "ns", name: "c"))
  }

  private func make(_ names: String...) {
    for name in names { #expect(mkdir("\(scratch.path)/\(name)", 0o755) == 0) }
  }

  private func write(_ text: String, to name: String) {
    let file = open("\(scratch.path)/\(name)", O_CREAT | O_WRONLY, 0o600)
    #expect(Glibc.write(file, text, text.utf8.count) == text.utf8.count)
    close(file)
  }

  @Test("are opened, each variant for itself")
  func variants() throws {
    make("ns", "ns/c", "ns/c/volumes", "ns/c/volumes/v", "ns/c/volumes/v/read-only")
    let writable = try tree.directory(cluster, "v").status()
    let readOnly = try tree.directory(cluster, "v", isReadOnly: true).status()
    #expect(try FileStatus.read("\(scratch.path)/ns/c/volumes/v")?.identity == writable.identity)
    #expect(writable.identity != readOnly.identity)
  }

  @Test("are not reached over links that somebody has put there", arguments: ["ns", "c", "volumes", "v"])
  func links(link: String) throws {
    var path = ""
    for name in ["ns", "c", "volumes", "v"] {
      if name == link {
        make(path + "real-\(name)")
        #expect(symlink("real-\(name)", "\(scratch.path)/\(path)\(name)") == 0)
      } else {
        make(path + name)
      }
      path += "\(name)/"
    }
    #expect(access("\(scratch.path)/ns/c/volumes/v", F_OK) == 0)
    let error = #expect(throws: PathError.self) { try tree.directory(cluster, "v") }
    #expect(error?.code == ENOTDIR || error?.code == ELOOP)
  }

  @Test("have documents that say whether a volume goes with its pod")
  func documents() throws {
    make("ns", "ns/c", "ns/c/volumes", "ns/c/volumes/~documents", "ns/c/volumes/y")
    write(#"{"id":"v","ephemeral":true}"#, to: "ns/c/volumes/~documents/v.json")
    write(#"{"id":"w"}"#, to: "ns/c/volumes/~documents/w.json")
    write("{", to: "ns/c/volumes/~documents/x.json")
    write(#"{"id":"y","ephemeral":true}"#, to: "ns/c/volumes/y/volume.json")
    #expect(tree.document(cluster, "v")?.isEphemeral == true)
    #expect(tree.document(cluster, "w")?.isEphemeral == false)
    for name in ["x", "y", "z"] { #expect(tree.document(cluster, name) == nil) }
  }

  @Test("have documents in them while their store is of a former release")
  func formerDocuments() throws {
    make("ns", "ns/c", "ns/c/volumes", "ns/c/volumes/v")
    write(#"{"id":"v","ephemeral":true}"#, to: "ns/c/volumes/v/volume.json")
    #expect(tree.document(cluster, "v")?.isEphemeral == true)
    #expect(try tree.forget(cluster, "v"))
    #expect(tree.document(cluster, "v") == nil)
  }

  @Test("[Error] have no document that is a link, or blocks who opens it", arguments: ["fifo", "link", "directory"])
  func strangeDocuments(kind: String) throws {
    make("ns", "ns/c", "ns/c/volumes", "ns/c/volumes/~documents")
    let path = "\(scratch.path)/ns/c/volumes/~documents/v.json"
    switch kind {
    case "fifo": #expect(mkfifo(path, 0o600) == 0)
    case "link":
      write(#"{"id":"v","ephemeral":true}"#, to: "elsewhere")
      #expect(symlink("\(scratch.path)/elsewhere", path) == 0)
    default: #expect(mkdir(path, 0o755) == 0)
    }
    #expect(tree.document(cluster, "v") == nil)
  }

  @Test("lose a document only while no store holds the lock on them")
  func forget() throws {
    make("ns", "ns/c", "ns/c/volumes", "ns/c/volumes/v", "ns/c/volumes/~documents")
    write(#"{"id":"v","ephemeral":true}"#, to: "ns/c/volumes/~documents/v.json")
    let store = open("\(scratch.path)/ns/c/volumes", O_RDONLY | O_DIRECTORY)
    #expect(flock(store, LOCK_EX) == 0)
    #expect(try !tree.forget(cluster, "v"))
    #expect(tree.document(cluster, "v") != nil)
    close(store)
    #expect(try tree.forget(cluster, "v"))
    #expect(tree.document(cluster, "v") == nil)
    #expect(try tree.forget(cluster, "v"))
    #expect(try tree.forget(cluster, "never-there"))
  }
}
