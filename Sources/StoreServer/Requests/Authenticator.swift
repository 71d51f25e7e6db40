import CLinux
import Glibc
import Support

/// Checks passwords with the `htpasswd` program (Debian package apache2-utils), on threads of their own.
///
/// The password goes through a pipe, where process listings don't show it.
struct Authenticator: Sendable {
  /// The password file.
  let file: String

  /// Calls `completion` on another thread with whether user and password match.
  func check(username: String, password: String, _ completion: @escaping @Sendable (Bool) -> Void) {
    let file = file
    let started = startThread(named: "vineyard-auth") {
      completion(Self.verify(file: file, username: username, password: password))
    }
    if !started { completion(false) }
  }

  private static func verify(file: String, username: String, password: String) -> Bool {
    guard !username.isEmpty, !username.hasPrefix("-"), !username.contains(where: { $0 == ":" || $0 == "\0" }),
      !password.contains("\0")
    else { return false }
    var (input, output): (CInt, CInt) = (-1, -1)
    guard clinux_pipe(&input, &output) == 0 else { return false }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    let arguments: [UnsafeMutablePointer<CChar>?] = [
      strdup("htpasswd"), strdup("-v"), strdup("-i"), strdup(file), strdup(username), nil,
    ]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, "htpasswd", &actions, nil, arguments, environ)
    close(input)
    guard code == 0 else {
      close(output)
      return false
    }
    writeText(password + "\n", to: output)
    close(output)
    var status: CInt = 0
    while waitpid(child, &status, 0) < 0 { if errno != EINTR { return false } }
    return status == 0
  }
}
