import Support

/// A path of an object, or of a directory of objects, in a program.
struct PathUse: Sendable {
  /// The path as far as it is known.
  let path: String
  /// Whether a placeholder or a variable goes on behind it.
  let isOpen: Bool
  let place: Place

  /// Whether a volume that is mounted at a path has the object; nil when that depends on a placeholder.
  func isBelow(_ mount: String) -> Bool? {
    if Placeholders.isOpen(mount) { return nil }
    let mount = mount.utf8.last == UInt8(ascii: "/") ? mount.utf8.dropLast() : mount.utf8[...]
    if path.utf8.starts(with: mount) {
      let rest = path.utf8.dropFirst(mount.count)
      if rest.isEmpty || rest.first == UInt8(ascii: "/") { return true }
    }
    return isOpen && (mount.starts(with: path.utf8) || path.utf8.dropLast().elementsEqual(mount)) ? nil : false
  }
}

/// The use that a container's command makes of Vineyard, as far as it can be seen.
struct VineyardUse: Sendable {
  /// Paths of `vineyard.csi.write`.
  private(set) var writes: [PathUse] = []
  /// Paths of `vineyard.csi.read`.
  private(set) var reads: [PathUse] = []
  /// Values of `--vineyard_dir`.
  private(set) var directories: [PathUse] = []
  /// Whether it writes in a way whose path is not seen.
  private(set) var mayWrite = false
  /// Whether it reads in a way whose path is not seen.
  private(set) var mayRead = false
  /// Whether an inline program imports the client.
  private(set) var importsClient = false
  /// Whether something that may be the client is installed first.
  private(set) var mayInstallClient = false
  /// Whether the word Vineyard is in it at all.
  private(set) var isMentioned = false

  /// Whether calls of the client are in it.
  var isSeen: Bool { !writes.isEmpty || !reads.isEmpty || mayWrite || mayRead }

  /// More paths of one container are not looked at.
  private static let limit = 100

  var paths: [PathUse] { writes + reads + directories }
}

extension VineyardUse {
  /// The use in the words of a command.
  init(_ words: [Word]) {
    mayInstallClient = words.contains { Self.mayInstall($0.text) }
    for (word, next) in zip(words, words.dropFirst().map { Optional($0) } + [nil]) {
      guard word.text.firstRange(of: "ineyard") != nil else { continue }
      isMentioned = true
      let isImport = ["import vineyard", "from vineyard"].contains { word.text.firstRange(of: $0) != nil }
      importsClient = importsClient || isImport
      addOption(word, next)
      addCalls(word)
    }
  }

  /// Whether a text installs packages among which the client may be: it is named, or the packages are in a file.
  private static func mayInstall(_ text: String) -> Bool {
    guard text.firstRange(of: "install") != nil else { return false }
    return ["vineyard'", "vineyard\"", "vineyard=", "vineyard ", " -r", "requirements", "install .", "install -e"]
      .contains {
        text.firstRange(of: $0) != nil
      } || text.hasSuffix("vineyard")
  }

  /// `--vineyard_dir=/path`, `--vineyard-dir /path`.
  private mutating func addOption(_ word: Word, _ next: Word?) {
    for name in ["--vineyard_dir", "--vineyard-dir"] {
      if word.text == name, let next {
        add(next.text, at: next.place)
      } else if word.text.hasPrefix("\(name)=") {
        add(String(word.text.dropFirst(name.count + 1)), at: word.place)
      }
    }
  }

  private mutating func add(_ path: String, at place: Place) {
    if let use = PathUse(literal: path, place) { directories.append(use) }
  }

  /// Calls in an inline program.
  private mutating func addCalls(_ word: Word) {
    for call in PythonCalls(word.text, of: ["csi.write", "csi.read"]).found {
      guard paths.count < Self.limit else { return }
      let isWrite = call.name == "csi.write"
      let argument =
        call.keyword("path")
        ?? (call.positional.count > (isWrite ? 1 : 0)
          ? call.positional[isWrite ? 1 : 0] : nil)
      let place = word.place(ofLine: call.line)
      let use = argument.flatMap { PathUse(python: $0, place) }
      switch (isWrite, use) {
      case (true, let use?): writes.append(use)
      case (true, nil): mayWrite = true
      case (false, let use?): reads.append(use)
      case (false, nil): mayRead = true
      }
    }
    if [".put(", ".persist(", "create_blob(", "dataframe_writer"].contains(where: {
      word.text.firstRange(of: $0) != nil
    }) {
      mayWrite = true
    }
  }
}

/// A word of a command and where it stands.
struct Word: Sendable {
  let text: String
  let place: Place
  /// The place of its first line, where lines of the file are lines of the word.
  let firstLine: Place?

  func place(ofLine line: Int) -> Place { firstLine?.moved(by: line) ?? place }
}

extension PathUse {
  /// A path as it stands; nil for what is no absolute path.
  init?(literal text: String, _ place: Place) {
    self.init(known: text[...], isOpen: false, place)
  }

  /// A path of a Python expression: a string, perhaps a formatted one; nil for anything else.
  init?(python expression: String, _ place: Place) {
    var text = expression[...]
    var isFormatted = false
    while let letter = text.first, "fFrRbBuU".contains(letter) {
      isFormatted = isFormatted || letter == "f" || letter == "F"
      text = text.dropFirst()
    }
    guard let quote = text.first, quote == "\"" || quote == "'" else { return nil }
    let rest = text.dropFirst()
    guard let end = rest.firstIndex(of: quote) else { return nil }
    let isWhole = rest[rest.index(after: end)...].trimmingBlanks().isEmpty
    let body = rest[..<end]
    guard !body.contains("\\") else { return nil }
    if isFormatted, let brace = body.firstIndex(of: "{") {
      self.init(known: body[..<brace], isOpen: true, place)
    } else {
      self.init(known: body, isOpen: !isWhole, place)
    }
  }

  private init?(known: Substring, isOpen: Bool, _ place: Place) {
    guard known.hasPrefix("/") else { return nil }
    let braces = known.firstRange(of: Placeholders.start)
    path = String(known[..<(braces?.lowerBound ?? known.endIndex)])
    self.isOpen = isOpen || braces != nil
    self.place = place
  }
}
