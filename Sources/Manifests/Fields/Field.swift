import Documents

/// Settings that are a table of fields: the one place that says where each is in a resource, which property it is, what
/// it may be, and which flag sets it. Reading, writing, checking, the definition's schema, the flags of a deployment and
/// their help follow from it.
public protocol FieldTable: Sendable {
  /// The defaults.
  init()
  /// The fields, in the order of the help.
  static var fields: [Field<Self>] { get }
}

/// One row of a table.
public struct Field<Settings: Sendable>: Sendable {
  /// The keys that lead to it below `spec`.
  public let path: [String]
  /// The flag that sets it, declared by this row; nil without one.
  public let flag: FieldFlag?
  /// The kind of value that the flag takes.
  public let form: FlagForm
  /// Names of flags that set it, too, and are declared elsewhere.
  public let otherFlags: [String]
  /// Schema of the field in the definition of the resource.
  public let schema: Value
  /// The value of the flag when nobody gives one; nil for none.
  public let standard: FlagValue?
  /// The flag of the store, without dashes, that gets the value; nil where it is no matter of the store.
  let argument: String?
  let read: @Sendable (_ value: Value, _ name: String, inout Settings) throws -> Void
  let write: @Sendable (Settings) -> Value?
  let check: @Sendable (Settings) throws -> Void
  private(set) var assign: @Sendable (FlagValue, inout Settings) throws -> Void
  let flagValue: @Sendable (Value) -> FlagValue?

  /// A row of the table.
  ///
  /// - Parameters:
  ///   - path: the keys below `spec`, with dots.
  ///   - format: what it may be, and how it is written.
  ///   - description: the sentence of the definition.
  ///   - schema: what the definition says besides what follows from the format; null takes something back.
  ///   - flag: the flag that sets it.
  ///   - otherFlags: flags that set it, too, and are declared elsewhere.
  ///   - argument: the flag of the store that gets it.
  init<Content>(
    _ path: String, _ property: any WritableKeyPath<Settings, Content> & Sendable, _ format: FieldFormat<Content>,
    _ description: String? = nil, schema details: Value = [:], flag: FieldFlag? = nil, otherFlags: [String] = [],
    argument: String? = nil
  ) where Settings: FieldTable {
    self.path = path.split(separator: ".").map(String.init)
    self.flag = flag
    self.otherFlags = otherFlags
    self.argument = argument
    form = format.form
    let standard = format.write(Settings()[keyPath: property])
    self.standard = standard.flatMap(format.flagValue)
    var schema = format.schema
    if format.hasDefault { schema["default"] = standard ?? "" }
    schema["description"] = description.map { .string($0) }
    for (key, value) in details.fields ?? [:] { schema[key] = value.unless(value.isNull) }
    self.schema = schema
    read = { value, name, settings in
      if let content = try format.read(value, name) { settings[keyPath: property] = content }
    }
    write = { format.write($0[keyPath: property]) }
    check = { try format.check($0[keyPath: property]) }
    let name = "--\(flag?.name ?? "")"
    assign = { value, settings in settings[keyPath: property] = try format.parse(value, name) }
    flagValue = format.flagValue
  }

  /// The field with a flag that sets more than the one property.
  func assigning(_ assign: @escaping @Sendable (FlagValue, inout Settings) throws -> Void) -> Self {
    var field = self
    field.assign = assign
    return field
  }

  /// The field of settings that are part of others.
  func lifted<Whole>(to part: any WritableKeyPath<Whole, Settings> & Sendable) -> Field<Whole> {
    Field<Whole>(self, part)
  }

  private init<Part>(_ field: Field<Part>, _ part: any WritableKeyPath<Settings, Part> & Sendable) {
    path = field.path
    flag = field.flag
    form = field.form
    otherFlags = field.otherFlags
    schema = field.schema
    standard = field.standard
    argument = field.argument
    read = { try field.read($0, $1, &$2[keyPath: part]) }
    write = { field.write($0[keyPath: part]) }
    check = { try field.check($0[keyPath: part]) }
    assign = { try field.assign($0, &$1[keyPath: part]) }
    flagValue = field.flagValue
  }

  /// Names of all flags that set it.
  public var flagNames: [String] { (flag.map { [$0.name] } ?? []) + otherFlags }

  /// Sets the field as its flag does.
  ///
  /// - Throws: `ProgramError` with code `usage` for a value that cannot be read.
  public func set(_ value: FlagValue, in settings: inout Settings) throws { try assign(value, &settings) }

  /// The value of its flag for a value in a resource; nil where the flag cannot say it.
  public func flagValue(of value: Value) -> FlagValue? { flagValue(value) }
}

/// The flag of a deployment that sets a field.
public struct FieldFlag: Sendable {
  /// The name without dashes.
  public let name: String
  /// The short form, `-s`.
  public let letter: Character?
  /// Name of its value in the help.
  public let valueName: String?
  /// The sentence of the help.
  public let help: String
  /// Whether the help tells the default; no where it depends on the cluster.
  public let showsDefault: Bool

  /// A switch, or a flag whose value is called as itself.
  init(_ name: String, _ help: String) { self.init(name, nil, help) }

  init(
    _ name: String, _ valueName: String?, _ help: String, letter: Character? = nil, showsDefault: Bool = true
  ) {
    self.name = name
    self.letter = letter
    self.valueName = valueName
    self.help = help
    self.showsDefault = showsDefault
  }
}

/// The kind of value that a flag takes.
public enum FlagForm: Sendable {
  case boolean, integer, text, list
}

/// The value of a flag, by how its command line form is written.
public enum FlagValue: Sendable, Equatable {
  case boolean(Bool)
  case single(String)
  /// Elements that commas separate.
  case list([String])

  /// The text of a single value; empty for others.
  public var text: String {
    if case .single(let text) = self { return text }
    return ""
  }

  /// The elements of a list; none for others.
  public var elements: [String] {
    if case .list(let elements) = self { return elements }
    return []
  }
}
