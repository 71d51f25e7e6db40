/// Paths of the sockets and documents of volumes, beside the main socket.
struct VolumeLayout {
  static let socketName = "vineyard.sock"
  static let readOnlyName = "read-only"

  /// The directory of the main socket.
  let base: String

  /// - Parameter mainSocket: path of the IPC socket of the root session.
  init(mainSocket: String) {
    guard let slash = mainSocket.lastIndex(of: "/") else {
      base = "."
      return
    }
    base = slash == mainSocket.startIndex ? "/" : String(mainSocket[..<slash])
  }

  /// The directory of all volumes.
  var directory: String { "\(base)/volumes" }

  func directory(of id: String) -> String { "\(directory)/\(id)" }

  func socketPath(of id: String, isReadOnly: Bool) -> String {
    isReadOnly
      ? "\(directory(of: id))/\(Self.readOnlyName)/\(Self.socketName)" : "\(directory(of: id))/\(Self.socketName)"
  }
}
