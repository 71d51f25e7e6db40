import Glibc
import Support

/// The Unix socket that the kubelet and the sidecars connect to.
struct EndpointSocket {
  let file: CInt
  private let path: String
  private let identity: (device: dev_t, inode: ino_t)

  /// Binds a socket, in place of one that a driver which is gone left behind.
  ///
  /// - Throws: `CommandError` when a driver answers there, or the path cannot be used.
  init(path: String) throws(CommandError) {
    try UnixSocketPath.makeWay(for: path, flag: "--endpoint")
    let address = try UnixSocketPath.address(path, flag: "--endpoint")
    let file = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    if file < 0 { throw CommandError.system("cannot create a socket", errno: errno) }
    // The sidecars may run as another user of the same group.
    let code = address.bind(file, mode: 0o660)
    var status = stat()
    guard code == 0, lstat(path, &status) == 0 else {
      close(file)
      throw CommandError.system("cannot listen on \(path)", errno: code, hint: "choose another path with --endpoint")
    }
    self.file = file
    self.path = path
    identity = (status.st_dev, status.st_ino)
  }

  /// Removes the socket file, unless another driver has replaced it.
  func removePath() {
    var status = stat()
    if lstat(path, &status) == 0, (status.st_dev, status.st_ino) == identity { unlink(path) }
  }
}
