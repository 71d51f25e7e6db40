/// Ends the process, in release builds too, when the bookkeeping contradicts itself.
///
/// Going on would give the bytes of one client to another. The message says what is broken and where that was noticed.
@inline(__always)
func ensure(
  _ holds: Bool, _ broken: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
  if !holds { endBroken(broken(), file, line) }
}

@inline(never)
private func endBroken(_ broken: String, _ file: StaticString, _ line: UInt) -> Never {
  fatalError(
    "the store's bookkeeping is broken: \(broken) (\(file):\(line)). This is a bug of the store and no client's fault; "
      + "please report this line with the log before it.")
}
