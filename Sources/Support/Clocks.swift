import Glibc

/// Unix time in milliseconds; 0 before 1970, where clocks begin that were never set.
public func unixMilliseconds() -> UInt64 { UInt64(max(0, Timestamp.now().milliseconds)) }

/// Nanoseconds of a clock that never steps back.
public func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
