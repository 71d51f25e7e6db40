import Testing

/// All of them one after another: several watch descriptors, pages or the time.
@Suite("store server", .serialized)
enum StoreServerTests {}

let mebibyte: UInt64 = 1 << 20

/// Why a test could not go on.
struct TestFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
