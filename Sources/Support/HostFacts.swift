import Glibc

/// Facts about the machine that a command runs on; tests give their own.
public struct HostFacts: Sendable {
  /// The value of an environment variable, nil when unset.
  public var environment: @Sendable (String) -> String?
  /// The name of this host, as `gethostname` has it.
  public var hostName: @Sendable () -> String
  /// Whether this process may create files in a directory.
  public var isWritable: @Sendable (String) -> Bool
  /// The id of a group, given its name.
  public var groupID: @Sendable (String) -> gid_t?
  /// Reason why a path is no file that this process can read; nil when it is.
  public var fileObstacle: @Sendable (String) -> String?

  /// Makes facts from answers.
  public init(
    environment: @escaping @Sendable (String) -> String?,
    hostName: @escaping @Sendable () -> String,
    isWritable: @escaping @Sendable (String) -> Bool,
    groupID: @escaping @Sendable (String) -> gid_t?,
    fileObstacle: @escaping @Sendable (String) -> String? = { _ in nil }
  ) {
    self.environment = environment
    self.hostName = hostName
    self.isWritable = isWritable
    self.groupID = groupID
    self.fileObstacle = fileObstacle
  }

  /// The facts of the machine this process runs on.
  public static var current: HostFacts {
    HostFacts(
      environment: { name in getenv(name).map { String(cString: $0) } },
      hostName: { systemHostName() },
      isWritable: { access($0, W_OK | X_OK) == 0 },
      groupID: { systemGroupID(named: $0) },
      fileObstacle: { systemFileObstacle($0) })
  }

  /// The value of an environment variable; an empty one counts as unset.
  public func nonEmpty(_ name: String) -> String? {
    guard let value = environment(name), !value.isEmpty else { return nil }
    return value
  }
}

private func systemHostName() -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    guard let base = buffer.baseAddress, gethostname(base, buffer.count - 1) == 0 else { return "localhost" }
    buffer[buffer.count - 1] = 0
    return String(cString: base)
  }
}

private func systemGroupID(named name: String) -> gid_t? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 16) { buffer in
    var entry = group()
    var found: UnsafeMutablePointer<group>?
    guard getgrnam_r(name, &entry, buffer.baseAddress, buffer.count, &found) == 0, found != nil else { return nil }
    return entry.gr_gid
  }
}

private func systemFileObstacle(_ path: String) -> String? {
  // A pipe would wait for a writer.
  let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard file >= 0 else { return errorText(errno) }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { return errorText(errno) }
  return status.st_mode & S_IFMT == S_IFREG ? nil : "it is no regular file"
}
