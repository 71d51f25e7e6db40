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
  @Test(arguments: [[5], [2, 3], [3, 20], [2, 3, 4], [4, 1, 2, 3], [1], []] as [[UInt64]])
  func `the first values of each row are read, and little else`(_ shape: [UInt64]) throws {
    let layout = try #require(ArrayLayout(shape: shape, size: 4))
    let plan = layout.plan(rows: 3)
    let read = plan.ranges.flatMap { Array($0) }
    let width = shape.dropFirst().reduce(1, *)
    #expect(plan.places.count == min(3, Int(shape.first ?? 1)))
    #expect(read.count == plan.places.count * Int(min(8, width)) * 4)
    for (number, row) in plan.places.enumerated() {
      #expect(row.map { read[$0] } == (0..<min(8, width)).map { (UInt64(number) * width + $0) * 4 })
    }
  }

  @Test func `an array that no memory could hold has no layout`() {
    #expect(ArrayLayout(shape: [1 << 40, 1 << 40], size: 8) == nil)
    #expect(ArrayLayout(shape: Array(repeating: 2, count: 33), size: 8) == nil)
    #expect(ArrayLayout(shape: [0, 1 << 40], size: 8)?.plan(rows: 5).places.isEmpty == true)
  }
}
