import Support

/// One walk over a command line; keeps the last value of every flag.
struct GFlagsPass {
  let environment: (String) -> String?
  let readFile: (String) throws -> String

  private var values: [String: String] = [:]
  private var order: [FlagSpec] = []
  private var warnings: [String] = []
  private var unknown: [FlagToken] = []
  var tolerated: Set<String> = []
  var verbatim: [String]?
  var fileDepth = 0

  init(environment: @escaping (String) -> String?, readFile: @escaping (String) throws -> String) {
    self.environment = environment
    self.readFile = readFile
  }

  /// Takes in the words of a command line or a flag file.
  mutating func read(_ arguments: [String]) throws {
    var rest = arguments[...]
    while verbatim == nil, let word = rest.popFirst() {
      if word == "--" {
        for word in rest { ignore(word) }
        return
      }
      guard let token = FlagToken(word) else {
        ignore(word)
        continue
      }
      if let directive = FlagToken.Directive(rawValue: token.name) {
        try follow(directive, token, rest: &rest)
      } else if let spec = FlagTable.spec(named: token.name) {
        try set(spec, try value(of: spec, token, rest: &rest))
      } else if let spec = FlagTable.spec(negatedBy: token.name) {
        guard token.value == nil else {
          throw ProgramError(.usage, "\(token.text): a negated flag takes no value", hint: "write --\(spec.name)=false")
        }
        try set(spec, "false")
      } else {
        unknown.append(token)
      }
    }
  }

  /// The command line for the argument parser.
  func result() throws -> GFlagsNormalizer.Result {
    if let verbatim { return .init(arguments: verbatim) }
    if let token = unknown.first(where: { !isTolerated($0) }) { throw UnknownFlag.error(token) }
    var result = GFlagsNormalizer.Result(arguments: [], warnings: warnings)
    for spec in order {
      guard let value = values[spec.name] else { continue }
      if spec.status == .supported, let argument = spec.argument(for: value) { result.arguments.append(argument) }
      if let warning = spec.warning(for: value) { result.warnings.append(warning) }
    }
    for (variable, flag) in [("GLOG_v", "v"), ("GLOG_minloglevel", "minloglevel")] where values[flag] == nil {
      if let level = environment(variable).flatMap({ Int64($0) }) { result.arguments.append("--\(flag)=\(level)") }
    }
    if environment("VINEYARD_SYNC_CRDS") == "1", values["sync_crds"] != "true" {
      result.warnings.append("VINEYARD_SYNC_CRDS is ignored: \(FlagTable.syncCRDsReason)")
    }
    return result
  }

  mutating func set(_ spec: FlagSpec, _ text: String) throws {
    let value = try spec.canonicalValue(text)
    if values.updateValue(value, forKey: spec.name) == nil { order.append(spec) }
  }

  private mutating func ignore(_ word: String) {
    warnings.append("ignored the argument '\(word)', which is not a flag")
  }

  private func isTolerated(_ token: FlagToken) -> Bool {
    if tolerated.contains(token.name) { return true }
    return token.name.hasPrefix("no") && tolerated.contains(String(token.name.dropFirst(2)))
  }
}

extension GFlagsPass {
  /// The value of a flag, from behind its equals sign or from the next word.
  ///
  /// The original's operator writes `--size --stream_threshold 80` for an empty size and `--sync_crds false`
  /// for a boolean; the first must not swallow the next flag and the second means what it says.
  private mutating func value(of spec: FlagSpec, _ token: FlagToken, rest: inout ArraySlice<String>) throws -> String {
    if let value = token.value { return value }
    if spec.isBoolean {
      guard let next = rest.first, let value = Bool(flagValue: next) else { return "true" }
      rest.removeFirst()
      let reading = "read '\(token.text) \(next)' as --\(spec.name)=\(value)"
      if !value { warnings.append("\(reading); write it with an equals sign") }
      return String(value)
    }
    guard let next = rest.first else {
      throw ProgramError(.usage, "--\(spec.name) needs a value", hint: "write --\(spec.name)=VALUE")
    }
    if spec.kind == .text, FlagToken(next)?.isKnown == true {
      warnings.append("read '\(token.text)' without a value, as --\(spec.name)=; '\(next)' is a flag")
      return ""
    }
    rest.removeFirst()
    return next
  }
}

extension GFlagsPass {
  /// Follows a directive: reads more flags, tolerates some, or asks for the help.
  mutating func follow(
    _ directive: FlagToken.Directive, _ token: FlagToken, rest: inout ArraySlice<String>
  ) throws {
    switch directive {
    case .flagfile:
      for path in try list(token, &rest) { try readFlagFile(path) }
    case .fromenv, .tryfromenv:
      for name in try list(token, &rest) { try readVariable(name, required: directive == .fromenv) }
    case .undefok:
      tolerated.formUnion(try list(token, &rest).map { String($0.map { $0 == "-" ? "_" : $0 }) })
    case .help, .helpfull, .helpshort, .helppackage, .helpxml, .helpon, .helpmatch, .h:
      verbatim = ["--help"]
    case .version:
      verbatim = ["--version"]
    case .generateCompletionScript, .dumpHelp:
      verbatim = [token.text] + rest
    }
  }

  private func list(_ token: FlagToken, _ rest: inout ArraySlice<String>) throws -> [String] {
    guard let value = token.value ?? rest.popFirst() else {
      throw ProgramError(.usage, "--\(token.name) needs a value", hint: "write --\(token.name)=VALUE")
    }
    return value.split(separator: ",").map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
  }

  private mutating func readFlagFile(_ path: String) throws {
    guard fileDepth < 8 else { throw ProgramError(.usage, "flag file \(path)", cause: "files include each other") }
    fileDepth += 1
    defer { fileDepth -= 1 }
    try read(FlagFile.arguments(in: try readFile(path), program: "vineyardd"))
  }

  private mutating func readVariable(_ name: String, required: Bool) throws {
    guard let spec = FlagTable.spec(named: name) else {
      throw ProgramError(.usage, "unknown flag '\(name)' in --fromenv or --tryfromenv")
    }
    if let value = environment("FLAGS_\(name)") { return try set(spec, value) }
    if required {
      throw ProgramError(.usage, "FLAGS_\(name) is not set", hint: "set it, or use --tryfromenv=\(name)")
    }
  }
}
