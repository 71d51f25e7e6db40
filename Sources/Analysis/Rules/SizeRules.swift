import KubernetesObjects
import Support

/// Rules about sizes.
extension Rule {
  static let sizeRules = [invalidSize, uncountedSize, oversize]

  /// A claim for so little carries no limit.
  private static let uncounted: UInt64 = 1 << 20

  private static let invalidSize = Rule(id: .invalidSize) { model in
    model.vineyardClaims.compactMap { index, claim in
      if case .missing(let place) = claim.size, claim.maker != .inline {
        return Finding(
          .invalidSize, place, "\(claim.phrase) requests no size", hint: "write resources.requests.storage, such as 4Gi"
        )
      }
      guard let entry = claim.size.entry, !entry.isOpen else { return nil }
      guard let quantity = Quantity(entry.text) else {
        return Finding(
          .invalidSize, entry.place, "\(claim.phrase): \(entry.text.quoted) is no size",
          hint: meant(by: entry.text).map { "did you mean \($0)?" } ?? "write a number and a unit, such as 4Gi")
      }
      guard quantity.value <= 0 else { return nil }
      return Finding(
        .invalidSize, entry.place, "\(claim.phrase): the size \(entry.text.quoted) is not above zero",
        hint: "write a number and a unit, such as 4Gi")
    }
  }

  private static let uncountedSize = Rule(id: .uncountedSize) { model in
    model.vineyardClaims.compactMap { _, claim in
      if claim.maker == .inline, case .missing(let place) = claim.size {
        return Finding(
          .uncountedSize, place, "\(claim.phrase) has no quota: it may take all that the store has",
          hint: "volumeAttributes: quota: 2Gi, or none if that is meant")
      }
      if let name = claim.storageClass.entry?.text, model.classes.hasOwnQuota(name) { return nil }
      guard let entry = claim.size.entry, !entry.isOpen, claim.maker != .inline, let quantity = Quantity(entry.text),
        quantity.value > 0, let bytes = quantity.bytes, bytes <= uncounted
      else { return nil }
      let isSlip = entry.text.hasSuffix("m")
      let reason = isSlip ? "\(entry.text.quoted) is less than a kilobyte, " : "a request of at most 1Mi is "
      return Finding(
        .uncountedSize, entry.place, "\(claim.phrase): \(reason)no limit but the store's",
        hint: isSlip ? "'m' is a thousandth; write Mi" : "request what the run hands over")
    }
  }

  private static let oversize = Rule(id: .oversize) { model in
    guard let memory = model.nodeMemory else { return [] }
    return model.vineyardClaims.compactMap { _, claim in
      guard let entry = claim.size.entry, !entry.isOpen, let quantity = Quantity(entry.text),
        quantity.value > Double(memory)
      else { return nil }
      return Finding(
        .oversize, entry.place,
        "\(claim.phrase): \(entry.text.quoted) is above the memory of every node, \(ByteSize(bytes: memory))",
        hint: "request less, or give a node more memory")
    }
  }

  /// The size that somebody may have meant: units have no B, and their case counts.
  private static func meant(by text: String) -> String? {
    let number = text.prefix { $0.isNumber || $0 == "." }
    let unit = text.dropFirst(number.count).filter { $0 != " " }.lowercased()
    guard !number.isEmpty, let letter = unit.first, "kmgtpe".contains(letter),
      ["", "b", "i", "ib"].contains(String(unit.dropFirst()))
    else { return nil }
    let guess = "\(number)\(letter.uppercased())i"
    return Quantity(guess) == nil ? nil : guess
  }
}
