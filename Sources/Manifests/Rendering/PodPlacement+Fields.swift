import Documents
import Support

extension PodPlacement: FieldTable {
  public static let fields: [Field<PodPlacement>] = fields(of: "a pod")

  /// Checks every field.
  ///
  /// - Throws: `ProgramError` with code `usage` for the first that makes no sense.
  func validate() throws { try checkFields() }

  /// The table.
  ///
  /// - Parameter pod: what the definition calls one of the pods.
  static func fields(of pod: String) -> [Field<PodPlacement>] {
    [
      Field(
        "nodeSelector", \.nodeSelector, .labels,
        "Labels of the nodes that may run \(pod), besides kubernetes.io/os=linux.",
        flag: FieldFlag(
          "node-selector", "key=value", "Labels of nodes that may run the pods; repeatable, or with commas.")),
      Field(
        "tolerations", \.tolerations, .tolerations, "Taints that \(pod) tolerates.",
        flag: FieldFlag(
          "tolerations", "key=value:effect",
          "Taints that the pods tolerate, as kubectl writes them, or *; repeatable, or with commas.")),
      Field(
        "architectures", \.architectures, .architectures,
        "Processor architectures that the image is built for, such as amd64; nodes of others are left out.",
        flag: FieldFlag(
          "architectures", "name",
          "Architectures the image is built for, such as amd64; default: those of all nodes.")),
      Field(
        "imagePullSecrets", \.imagePullSecrets, .imagePullSecrets,
        "Secrets of the namespace with the credentials for the images' registry.",
        flag: FieldFlag(
          "image-pull-secrets", "name", "Secrets of the namespace with the credentials for the registry.")),
      Field(
        "seLinuxOptions", \.seLinuxOptions, .seLinuxOptions,
        "SELinux context of \(pod); spc_t is the type that may use directories of the node.",
        flag: FieldFlag(
          "selinux", "type|user:role:type:level",
          "SELinux type (spc_t may use the node's directories) or whole context of the pods that need them.")),
    ]
  }
}

extension FieldFormat where Content == [String: String] {
  /// Labels of nodes.
  fileprivate static var labels: Self {
    .texts(
      schema: ["type": "object", "maxProperties": 64, "additionalProperties": ["type": "string"]],
      read: { value, name in
        guard let fields = value.fields, fields.values.allSatisfy({ $0.string != nil }) else {
          throw FieldError.wrongType(name, "an object of texts")
        }
        return value.stringFields
      }, write: { Value($0).unless($0.isEmpty) },
      check: { labels in
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
          try Rule.labelKey(key, "node selector")
          try Rule.labelValue(value, "node selector \(key)")
        }
      },
      parse: { pairs in
        try pairs.reduce(into: [:]) { labels, pair in
          let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
          guard parts.count == 2 else {
            throw ProgramError(.usage, "invalid node selector '\(pair)'", hint: "write key=value, such as disk=nvme")
          }
          labels[String(parts[0])] = String(parts[1])
        }
      }, text: { $0.stringFields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } })
  }
}

extension FieldFormat where Content == [Value] {
  /// Taints that pods tolerate.
  fileprivate static var tolerations: Self {
    let list = Self.objects(64)
    return .texts(
      schema: list.schema, read: { try readObjects($0, $1) }, write: list.write,
      check: { for toleration in $0 { try Toleration.validate(toleration) } },
      parse: { try $0.map { try Toleration.parse($0) } },
      text: { ($0.array ?? []).map { Toleration.text(of: $0) ?? $0.json } })
  }
}

extension FieldFormat where Content == [String] {
  /// Processor architectures.
  fileprivate static var architectures: Self {
    .texts(
      schema: [
        "type": "array", "maxItems": 16, "items": ["type": "string", "minLength": 1, "maxLength": 63],
      ],
      read: { value, name in
        guard let texts = value.array?.map(\.string), texts.allSatisfy({ $0 != nil }) else {
          throw FieldError.wrongType(name, "a list of texts")
        }
        return texts.compactMap { $0 }
      }, write: { Value($0).unless($0.isEmpty) },
      check: { for architecture in $0 { try PodPlacement.validate(architecture: architecture) } }, parse: { $0 },
      text: { ($0.array ?? []).map(\.string) })
  }

  /// Names of Secrets.
  fileprivate static var imagePullSecrets: Self {
    .texts(
      schema: [
        "type": "array", "maxItems": 16,
        "items": [
          "type": "object", "required": ["name"],
          "properties": [
            "name": ["type": "string", "minLength": 1, "maxLength": 253, "description": "Name of the Secret."]
          ],
        ],
      ],
      read: { value, name in
        try readObjects(value, name).map { secret in
          guard let name = secret["name"]?.string else {
            throw ProgramError(.usage, "an element of imagePullSecrets has no name", hint: "write - name: SECRET")
          }
          return name
        }
      }, write: { PodPlacement.references(to: $0).unless($0.isEmpty) },
      check: { for secret in $0 { try Rule.subdomain(secret, "image pull secret") } }, parse: { $0 },
      text: { ($0.array ?? []).map { $0["name"]?.string } })
  }
}

extension FieldFormat where Content == Value? {
  /// `SELinuxOptions`, in flags as a type or a whole context.
  fileprivate static var seLinuxOptions: Self {
    let parts = ["user", "role", "type", "level"]
    var format = Self.object.parsing { value, _ in try SELinuxContext.parse(value.text) }
    format.schema = ["type": "object"]
    for part in parts {
      format.schema["properties", part] = [
        "type": "string", "maxLength": 256,
        "description": "\(part.prefix(1).uppercased())\(part.dropFirst()) of the context.",
      ]
    }
    format.flagValue = { SELinuxContext.text(of: $0).map { .single($0) } }
    return format
  }
}

/// SELinux contexts as people write them: a type, or `user:role:type:level` as `ls -Z` shows it.
enum SELinuxContext {
  private static let parts = ["user", "role", "type", "level"]

  /// The `SELinuxOptions` of a text; nil for an empty one.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  static func parse(_ text: String) throws -> Value? {
    if text.isEmpty { return nil }
    let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy({ $0.utf8.allSatisfy(isContextCharacter) }) else { throw invalid(text) }
    if parts.count == 1 { return ["type": .string(text)] }
    guard parts.count == 4, !parts.contains("") else { throw invalid(text) }
    return Value(Dictionary(uniqueKeysWithValues: zip(Self.parts, parts)))
  }

  /// The text of some `SELinuxOptions`; nil for options that are neither a type alone nor a whole context.
  static func text(of options: Value) -> String? {
    let parts = Self.parts.map { options[$0]?.string }
    if !parts.contains(nil) { return parts.compactMap { $0 }.joined(separator: ":") }
    return options.fields?.count == 1 ? options["type"]?.string : nil
  }

  /// Source: the reference policy's names of users, roles and types, and levels such as `s0-s0:c0.c1023,c5`.
  private static func isContextCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_.,:-".utf8.contains(byte)
    }
  }

  private static func invalid(_ text: String) -> ProgramError {
    ProgramError(.usage, "invalid --selinux '\(text)'", hint: "write a type, such as spc_t, or user:role:type:level")
  }
}
