import Testing

@testable import Inspection

@Suite struct ElementTests {
  @Test(
    arguments: [
      ("<i8", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], ["-1"]), ("|u1", [0, 255], ["0", "255"]),
      (">i2", [0x01, 0x00], ["256"]), ("<i2", [0x00, 0x80], ["-32768"]), ("|b1", [0, 1], ["false", "true"]),
      ("<f4", [0, 0, 0x80, 0x3F], ["1.0"]), ("<f2", [0x00, 0x7C], ["inf"]), ("<f2", [0x00, 0x38], ["0.5"]),
      ("<M8[s]", [0, 0, 0, 0, 0, 0, 0, 0], ["1970-01-01 00:00:00"]),
      ("<M8[D]", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], ["1969-12-31"]),
      ("<M8[ns]", [0, 0, 0, 0, 0, 0, 0, 0x80], ["NaT"]), ("<m8[us]", [5, 0, 0, 0, 0, 0, 0, 0], ["5 us"]),
      ("|S3", [0x61, 0x1B, 0], ["a\\u001b"]), ("<U2", [0x61, 0, 0, 0, 0, 0, 0, 0], ["a"]),
    ] as [(String, [UInt8], [String])])
  func `elements are what NumPy shows`(_ type: String, _ bytes: [UInt8], _ texts: [String]) throws {
    #expect(try #require(ElementType(interface: type)).texts(bytes) == texts)
  }

  @Test(arguments: ["", "<", "<i", "<i3", "<x8", "i8", "<i99999999999999999999", "<U999999999", "<S0", "<V16", "<O8"])
  func `a type that is none of ours is none`(_ text: String) { #expect(ElementType(interface: text) == nil) }

  @Test func `names of C++, NumPy and Arrow are the same types`() {
    for names in [
      ["int64", "int64_t", "long"], ["double", "float64"], ["float", "float32"], ["uint32", "uint", "uint32_t"],
    ] {
      #expect(Set(names.map { ElementType(named: $0)?.size }).count == 1, "\(names)")
      #expect(names.allSatisfy { ElementType(named: $0) == ElementType(named: names[0]) })
    }
    #expect(ElementType(named: "datetime64[ns, Europe/Berlin]")?.kind == .instant(unit: "ns"))
    #expect(ElementType(named: "timestamp[us]")?.kind == .instant(unit: "us"))
    #expect(ElementType(named: "object") == nil)
  }
}

@Suite struct ArrayLayoutTests {
  /// The values of the first rows, as an array of numbers has them whose values are their places in C order.
  private func rows(_ shape: [UInt64], isFortran: Bool, limit: Int) throws -> [[UInt64]] {
    let layout = try #require(ArrayLayout(shape: shape, isFortran: isFortran, size: 1))
    let count = Int(shape.reduce(1, *))
    var memory = [UInt64](repeating: 0, count: count)
    for place in 0..<count {
      var (rest, offset, step) = (UInt64(place), UInt64(0), UInt64(1))
      var digits = [UInt64](repeating: 0, count: shape.count)
      for axis in shape.indices.reversed() { (digits[axis], rest) = (rest % shape[axis], rest / shape[axis]) }
      for axis in isFortran ? Array(shape.indices) : shape.indices.reversed() {
        offset += digits[axis] * step
        step *= shape[axis]
      }
      memory[Int(offset)] = UInt64(place)
    }
    let plan = layout.plan(rows: limit)
    let read = plan.ranges.flatMap { Array(memory[Int($0.lowerBound)..<Int($0.upperBound)]) }
    return plan.places.map { row in row.map { read[$0] } }
  }

  @Test(arguments: [[5], [2, 3], [3, 20], [2, 3, 4], [4, 1, 2, 3], [1], []] as [[UInt64]])
  func `both orders show the same rows`(_ shape: [UInt64]) throws {
    let expected = try rows(shape, isFortran: false, limit: 3)
    #expect(try rows(shape, isFortran: true, limit: 3) == expected)
    let width = shape.dropFirst().reduce(1, *)
    #expect(expected.count == min(3, Int(shape.first ?? 1)))
    for (number, row) in expected.enumerated() {
      #expect(row == (0..<min(8, width)).map { UInt64(number) * width + $0 })
    }
  }

  @Test func `an array that no memory could hold has no layout`() {
    #expect(ArrayLayout(shape: [1 << 40, 1 << 40], isFortran: false, size: 8) == nil)
    #expect(ArrayLayout(shape: Array(repeating: 2, count: 33), isFortran: false, size: 8) == nil)
    #expect(ArrayLayout(shape: [0, 1 << 40], isFortran: true, size: 8)?.plan(rows: 5).places.isEmpty == true)
  }
}
