/// Rules about storage classes.
extension Rule {
  static let classRules = [missingClass, misspeltClass]

  private static let missingClass = Rule(id: .missingClass) { model in
    model.vineyardClaims.compactMap { index, claim in
      guard case .missing(let place) = claim.storageClass, model.kinship(index) == .meant else { return nil }
      return Finding(
        .missingClass, place,
        "\(claim.phrase) has no storageClassName, and is mounted where steps use Vineyard: the default class gives it a disk",
        hint: "name a class of the form NAMESPACE.NAME.csi, such as \(StorageClassDirectory.usual)")
    }
  }

  private static let misspeltClass = Rule(id: .misspeltClass) { model in
    model.vineyardClaims.compactMap { index, claim in
      guard model.kinship(index) == .misspelt, let entry = claim.storageClass.entry else { return nil }
      let reason =
        model.classes.isComplete
        ? "the cluster has no class \(entry.text.quoted)"
        : "class \(entry.text.quoted) is like one of Vineyard and is none"
      let suggestion = model.classes.suggestion(for: entry.text)
      return Finding(
        .misspeltClass, entry.place, "\(claim.phrase): \(reason)",
        hint: suggestion.map { "did you mean '\($0)'?" }
          ?? "classes of Vineyard are called NAMESPACE.NAME.csi; --class names one of your own")
    }
  }
}

extension Claim {
  /// The claim in a sentence.
  var phrase: String { "\(noun) \(title.quoted)" }

  private var noun: String {
    switch maker {
    case .pod, .inline: "volume"
    default: "claim"
    }
  }
}
