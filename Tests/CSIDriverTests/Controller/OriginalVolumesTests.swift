import Glibc
import Support
import Testing

@testable import CSIDriver

@Suite("State file of the original")
struct OriginalVolumesTests {
  @Test("tells ids, names and sizes")
  func valid() throws {
    let volumes = try OriginalVolumes(
      json: """
        [{"VolName":"pvc-b","VolID":"b","VolSize":1048576,"VolPath":"","NodeID":"","ReadOnlyAttach":false,"Attched":false},
         {"VolName":"pvc-a","VolID":"a","VolSize":0}]
        """)
    #expect(volumes.volumes.map(\.id) == ["a", "b"])
    #expect(volumes.volume("b")?.size == 1 << 20)
    #expect(volumes.volume("b")?.name == "pvc-b")
    #expect(volumes.volume("c") == nil)
  }

  @Test(
    "that cannot be understood is a warning and no volumes",
    arguments: ["[{", "{}", "[1]", #"[{"VolName":"x"}]"#, #"[{"VolID":"","VolName":"x"}]"#])
  func torn(text: String) throws {
    let file = try TemporaryFile(text)
    let lines = Lines()
    #expect(OriginalVolumes.read(file.path, log: lines.log).volumes.isEmpty)
    #expect(lines.all.count == 1 && lines.all[0].contains("WARN") && lines.all[0].contains(file.path))
    #expect(try TextFile.read(file.path) == text)
  }

  @Test("that is empty or missing says nothing")
  func empty() throws {
    let file = try TemporaryFile("\n")
    let lines = Lines()
    #expect(OriginalVolumes.read(file.path, log: lines.log).volumes.isEmpty)
    #expect(OriginalVolumes.read("/nowhere/state", log: lines.log).volumes.isEmpty)
    #expect(lines.all.isEmpty)
  }
}
