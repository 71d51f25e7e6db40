extension String {
  /// nil when empty: an empty value of a flag counts as none.
  var nonEmpty: String? { isEmpty ? nil : self }
}
