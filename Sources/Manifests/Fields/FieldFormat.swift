import KubernetesObjects
import Support

/// Limits of the content of a field, and its forms in resources, definitions and flags.
struct FieldFormat<Content: Sendable>: Sendable {
  /// The type and its limits in the definition.
  var schema: Value
  /// The kind of value that a flag takes.
  var form = FlagForm.text
  /// Whether the definition names the default.
  var hasDefault = false
  /// Reads a value that is not null; nil leaves the default.
  var read: @Sendable (_ value: Value, _ name: String) throws -> Content?
  /// The value; nil when there is nothing to say.
  var write: @Sendable (Content) -> Value?
  /// Refuses content that makes no sense.
  var check: @Sendable (Content) throws -> Void = { _ in }
  /// Reads the value of a flag.
  var parse: @Sendable (_ value: FlagValue, _ flag: String) throws -> Content
  /// The value of the flag for a value of a resource; nil where the flag cannot say it.
  var flagValue: @Sendable (Value) -> FlagValue? = { value in
    value.bool.map { .boolean($0) } ?? .single(value.string ?? value.json)
  }

  /// The format with another reading of the flag.
  func parsing(_ parse: @escaping @Sendable (FlagValue, String) throws -> Content) -> Self {
    var format = self
    format.parse = parse
    return format
  }
}

extension FieldFormat where Content == String {
  /// A text.
  ///
  /// - Parameters:
  ///   - length: in characters.
  ///   - hasDefault: no where a resource must say it.
  ///   - omitsEmpty: whether an empty text is left out.
  static func text(
    _ length: ClosedRange<Int>, hasDefault: Bool = true, omitsEmpty: Bool = false,
    check: @escaping @Sendable (String) throws -> Void = { _ in }
  ) -> Self {
    FieldFormat(
      schema: textSchema(length), hasDefault: hasDefault, read: { try readText($0, $1) },
      write: { Value.string($0).unless(omitsEmpty && $0.isEmpty) }, check: check, parse: { value, _ in value.text })
  }

  /// One of a few words.
  ///
  /// - Parameter name: what it is called in an error.
  static func oneOf(_ words: [String], _ name: String) -> Self {
    FieldFormat(
      schema: ["type": "string", "enum": Value(words)], hasDefault: true, read: { try readText($0, $1) },
      write: { .string($0) }, check: { try Rule.oneOf(words, $0, name) }, parse: { value, _ in value.text })
  }

  /// A reference to an image.
  ///
  /// - Parameter name: what it is called in an error.
  static func image(_ name: String) -> Self { .text(1...512) { try Rule.image($0, name) } }

  /// Policy for pulling an image.
  ///
  /// - Parameter image: name of the image in an error.
  static func pullPolicy(_ image: String) -> Self { .oneOf(ImageOptions.pullPolicies, "\(image) pull policy") }
}

extension FieldFormat where Content == String? {
  /// A text that may be missing; an empty one counts as that.
  static func optionalText(
    _ length: ClosedRange<Int>?, check: @escaping @Sendable (String) throws -> Void = { _ in }
  ) -> Self {
    FieldFormat(
      schema: textSchema(length), read: { value, name in try readText(value, name).flatMap { $0.isEmpty ? nil : $0 } },
      write: { $0.map { .string($0) } }, check: { if let text = $0 { try check(text) } },
      parse: { value, _ in value.text.isEmpty ? nil : value.text })
  }

  /// One of a few words, or none.
  static func optionalOneOf(_ words: [String], _ name: String) -> Self {
    var format = optionalText(nil) { try Rule.oneOf(words, $0, name) }
    format.schema["enum"] = Value(words)
    return format
  }

  /// The fate of an object whose name is given to another; nil for the default.
  static var overwritePolicy: Self { .optionalOneOf(["delete", "keep"], "overwrite policy") }

  /// The fate of memory of deleted objects; nil for the default.
  static var deletedMemoryPolicy: Self { .optionalOneOf(["keep", "reuse"], "policy for deleted memory") }

  /// An amount above zero in the notation of Kubernetes.
  static func quantity(_ length: ClosedRange<Int>, _ name: String) -> Self {
    .optionalText(length) { _ = try Quantity($0, name) }
  }
}

extension FieldFormat where Content == Int {
  /// A whole number.
  static func integer(_ range: ClosedRange<Int>, _ name: String, bits: Int = 32) -> Self {
    FieldFormat(
      schema: [
        "type": "integer", "format": .string("int\(bits)"), "minimum": Value(range.lowerBound),
        "maximum": Value(range.upperBound),
      ], form: .integer, hasDefault: true,
      read: { value, name in
        guard let integer = value.int else { throw FieldError.wrongType(name, "an integer") }
        return integer
      },
      write: { Value($0) }, check: { try Rule.range($0, range, name) },
      parse: { value, flag in
        guard let integer = Int(value.text) else {
          throw ProgramError(.usage, "invalid value '\(value.text)' for \(flag)", hint: "give a whole number")
        }
        return integer
      })
  }
}

extension FieldFormat where Content == Bool {
  /// A switch.
  ///
  /// - Parameter omitsOff: whether it is only written when it is on.
  static func boolean(omitsOff: Bool = false) -> Self {
    FieldFormat(
      schema: ["type": "boolean"], form: .boolean, hasDefault: !omitsOff,
      read: { value, name in
        guard let isOn = value.bool else { throw FieldError.wrongType(name, "true or false") }
        return isOn
      },
      write: { Value.boolean($0).unless(omitsOff && !$0) }, parse: { value, _ in value == .boolean(true) })
  }
}

private func textSchema(_ length: ClosedRange<Int>?) -> Value {
  var schema: Value = ["type": "string"]
  guard let length else { return schema }
  if length.lowerBound > 0 { schema["minLength"] = Value(length.lowerBound) }
  if length.upperBound < Int.max { schema["maxLength"] = Value(length.upperBound) }
  return schema
}

private func readText(_ value: Value, _ name: String) throws -> String? {
  guard let text = value.string else { throw FieldError.wrongType(name, "a text") }
  return text
}
