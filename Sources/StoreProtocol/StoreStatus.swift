/// Status codes of error replies, with the numbers of the original protocol.
public enum StatusCode: UInt16, Sendable {
  case invalid = 1
  case keyError = 2
  case typeError = 3
  case ioError = 4
  case notImplemented = 6
  case assertionFailed = 7
  case userInputError = 8
  case objectExists = 11
  case objectNotExists = 12
  case objectSealed = 13
  case objectNotSealed = 14
  case metaTreeInvalid = 21
  case metaTreeNameNotExists = 25
  case metaTreeSubtreeNotExists = 27
  case serverNotReady = 31
  case connectionError = 34
  case alreadyStopped = 36
  case notEnoughMemory = 41
  case streamDrained = 42
  case streamFailed = 43
  case invalidStreamState = 44
  case streamOpened = 45
  case globalObjectInvalid = 51
  case unknownError = 255
}

/// A request that failed: what the error reply carries.
public struct StoreError: Error, Equatable, Sendable {
  public let code: StatusCode
  public let message: String

  public init(_ code: StatusCode, _ message: String) {
    self.code = code
    self.message = message
  }
}
