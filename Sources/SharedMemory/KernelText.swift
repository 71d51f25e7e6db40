import Glibc

/// The text of a small file of /proc or /sys; nil where it cannot be read.
func kernelText(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var text: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return nil }
    guard count > 0 else { return String(decoding: text, as: UTF8.self) }
    text += buffer[..<count]
  }
}

/// The number in a file of /proc or /sys; nil where there is none, as for `max`.
func kernelNumber(_ path: String) -> UInt64? {
  guard let word = kernelText(path)?.split(whereSeparator: \.isWhitespace).first else { return nil }
  return UInt64(word)
}

/// The number behind a name in a file of lines like `name 42`; nil where there is none.
func kernelField(_ name: String, in path: String) -> UInt64? {
  for line in kernelText(path)?.split(separator: "\n") ?? [] {
    let words = line.split(separator: " ")
    if words.count == 2, words[0] == name { return UInt64(words[1]) }
  }
  return nil
}

/// The chosen word of a file like `always [madvise] never`.
func kernelChoice(_ path: String) -> String? {
  let words = kernelText(path)?.split(whereSeparator: \.isWhitespace) ?? []
  guard let chosen = words.first(where: { $0.first == "[" && $0.last == "]" }) else { return nil }
  return String(chosen.dropFirst().dropLast())
}
