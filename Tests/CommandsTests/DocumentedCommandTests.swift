import ArgumentParser
import Support
import Testing

@testable import Commands

/// What is written about commands and flags is true: they exist.
@Suite struct DocumentedCommandTests {
  /// Reads the words as the program does, without running anything.
  private func refusal(_ command: DocumentedCommand) throws -> String? {
    do {
      let invocation = try Invocation(command.words, root: Vineyardctl.self, context: World().context)
      _ = try invocation.root.parseAsRoot(invocation.arguments)
      return nil
    } catch let error as ProgramError {
      return error.description
    } catch {
      return Vineyardctl.exitCode(for: error).isSuccess ? nil : Vineyardctl.message(for: error)
    }
  }

  @Test func `each documented command line is understood`() throws {
    let commands = try DocumentedCommand.ofDocumentation()
    #expect(commands.count > 20)
    for command in commands {
      let refusal = try refusal(command)
      let isIncomplete =
        refusal?.hasPrefix("Missing expected argument") == true || refusal?.contains(" is given (") == true
      if command.isMention, isIncomplete { continue }
      #expect(refusal == nil, "\(command.testDescription)")
    }
  }

  @Test func `each command line that a message recommends is understood`() throws {
    let commands = try DocumentedCommand.ofMessages()
    #expect(commands.count > 10)
    for command in commands {
      let refusal = try refusal(command)
      #expect(refusal == nil, "\(command.testDescription)")
    }
  }

  @Test func `commands of the original are there, or named as missing`() throws {
    let page = try TextFile.read(
      "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/docs/compatibility.md")
    let missing =
      CommandAdvice.missing.keys.map { "`\($0)`" }
      + CommandAdvice.missingTargets.flatMap { group, targets in targets.map { "`\(group) \($0)`" } }
    for command in missing { #expect(page.contains(command), "\(command)") }
    for command in missing {
      let words = ["vineyardctl"] + command.dropFirst().dropLast().split(separator: " ").map(String.init)
      let refusal = try refusal(DocumentedCommand(file: "", words: words))
      #expect(refusal?.contains("the original has it, this release has not") == true, "\(command): \(refusal ?? "")")
    }
    for words in Self.originals {
      let refusal = try refusal(
        DocumentedCommand(file: "", words: ["vineyardctl"] + words.split(separator: " ").map(String.init)))
      #expect(refusal == nil, "\(words)")
    }
  }

  /// The commands of 0.24.2 that are here, with flags of theirs.
  private static let originals = [
    "deploy csidriver --clusters=a/b -i x -s y -m Immediate", "deploy operator", "deploy vineyard-cluster",
    "deploy vineyard-deployment --name x", "deploy vineyardd -f x.yaml", "delete csidriver --name x", "delete operator",
    "delete vineyard-cluster", "delete vineyard-deployment --name x", "delete vineyardd --name x",
    "csi -f unix:///csi/csi.sock --nodeid n --state-file-path /csi/state --verbose", "manager --leader-elect",
    "ls objects -l 5 -p vineyard::* -r -k typename --ipc-socket /s -o json", "ls metadatas --sorted-key instance_id",
    "ls blobs --rpc-socket h:9600 --format table --limit 5", "get metadata --object_id o1 --syncRemote --unsafe",
    "get object --object_id=o1 --deployment-name d --port 9600 --forward-port 9601", "get blob --object_id o1",
    "get cluster-info -o table", "put --value x --ipc-socket /s",
    "help deploy", "-j", "-g", "--gen-doc", "--x-version deploy operator", "deploy operator --log-flush-frequency 5s",
    "deploy operator --x-version=false --log-flush-frequency=5s",
  ]
}
