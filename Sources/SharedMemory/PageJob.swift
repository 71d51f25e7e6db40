/// Work on the pages of one arena.
public struct PageJob: Sendable, Equatable {
  /// Operation on the pages.
  public enum Work: Sendable {
    /// `Arena.populate`.
    case populate
    /// `Arena.release`.
    case release
    /// `Arena.zero`.
    case zero
    /// `Arena.copy(from:at:to:length:)`.
    case copy
    /// `Arena.end`.
    case end
  }

  /// Bytes of another arena.
  public struct Source: Sendable, Equatable {
    public let arena: Arena
    public let offset: UInt64

    public init(_ arena: Arena, _ offset: UInt64) {
      self.arena = arena
      self.offset = offset
    }
  }

  public let work: Work

  /// Arena whose pages they are; nil for the worker's own.
  public let arena: Arena?

  /// Bytes to copy.
  public let source: Source?

  /// Names the job for who has submitted it.
  public let number: UInt64

  /// First byte of the range in the arena's file.
  public let offset: UInt64

  /// Bytes in the range.
  public let length: UInt64

  /// Goes before all jobs that are not, because a client waits for it.
  public let urgent: Bool

  /// First bytes and lengths of the ranges to zero, of which there may be many.
  public let pieces: [Range<UInt64>]

  /// Overwrites ranges of the arena with zeroes, before jobs that are not urgent.
  ///
  /// - Parameter pieces: not empty.
  public init(zeroing pieces: [Range<UInt64>], of arena: Arena? = nil, number: UInt64 = 0) {
    work = .zero
    self.arena = arena
    self.number = number
    source = nil
    self.pieces = pieces
    offset = pieces.first?.lowerBound ?? 0
    length = pieces.reduce(0) { $0 + UInt64($1.count) }
    urgent = true
  }

  public init(
    work: Work, offset: UInt64, length: UInt64, urgent: Bool, of arena: Arena? = nil, from source: Source? = nil,
    number: UInt64 = 0
  ) {
    self.work = work
    self.arena = arena
    self.source = source
    self.number = number
    pieces = []
    self.offset = offset
    self.length = length
    self.urgent = urgent
  }
}

/// Jobs in the order they are to be done: urgent ones first, each sort first in, first out.
struct PageQueue: Sendable {
  private var urgent = Lane()
  private var others = Lane()

  var count: Int { urgent.count + others.count }

  mutating func append(_ job: PageJob) {
    if job.urgent {
      urgent.append(job)
    } else {
      others.append(job)
    }
  }

  mutating func next() -> PageJob? {
    urgent.next() ?? others.next()
  }

  /// A first-in, first-out queue that moves its elements only when half of them are gone.
  private struct Lane: Sendable {
    private var jobs: [PageJob] = []
    private var head = 0

    var count: Int { jobs.count - head }

    mutating func append(_ job: PageJob) {
      jobs.append(job)
    }

    mutating func next() -> PageJob? {
      guard head < jobs.count else { return nil }
      let job = jobs[head]
      head += 1
      if head * 2 >= jobs.count {
        jobs.removeFirst(head)
        head = 0
      }
      return job
    }
  }
}
