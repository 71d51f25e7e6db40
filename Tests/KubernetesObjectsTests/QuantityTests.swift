import KubernetesObjects
import Testing

@Suite struct QuantityTests {
  @Test(
    arguments: [
      ("16Gi", 16 << 30), ("1.5Ki", 1536), ("2G", 2_000_000_000), ("500m", 1), ("12e3", 12000), ("1E2", 100),
      ("100", 100), ("0", 0), ("1E", 1_000_000_000_000_000_000),
    ] as [(String, UInt64)])
  func `an amount is read with its suffix`(_ text: String, _ bytes: UInt64) {
    #expect(Quantity(text)?.bytes == bytes)
  }

  @Test(arguments: ["", "Gi", "1 Gi", "1Gib", "1kb", "x", "1e", "0x10", "--1"])
  func `what is no amount is refused`(_ text: String) { #expect(Quantity(text) == nil) }

  @Test func `a negative amount has no bytes`() { #expect(Quantity("-1")?.bytes == nil) }
}
