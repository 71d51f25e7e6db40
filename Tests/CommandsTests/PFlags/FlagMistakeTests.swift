import Support
import Testing

@testable import Commands

/// Wrong command lines of commands other than the daemon's: one line, status 2.
@Suite struct FlagMistakeTests {
  private static let help = "(hint: 'vineyardctl deploy csidriver --help' explains the flags)"

  @Test(arguments: [
    ("depoly csidriver", "unknown command 'depoly' (hint: did you mean 'deploy'?)"),
    ("deploy csidrvier", "unknown command 'deploy csidrvier' (hint: did you mean 'deploy csidriver'?)"),
    ("-n x deploy nothing", "unknown command 'deploy nothing' (hint: 'vineyardctl deploy --help' lists the commands)"),
    ("help deploy csidrive", "unknown command 'deploy csidrive' (hint: did you mean 'deploy csidriver'?)"),
    ("deploy csidriver --kubconfig=x", "unknown flag '--kubconfig=x' (hint: did you mean --kubeconfig?)"),
    ("--kubconfig=x deploy csidriver", "unknown flag '--kubconfig=x' (hint: did you mean --kubeconfig?)"),
    (
      "deploy csidriver --enabletoleration",
      "unknown flag '--enabletoleration' (hint: did you mean --enableToleration?)"
    ),
    ("deploy csidriver --zzzzzzzz", "unknown flag '--zzzzzzzz' \(help)"),
    ("deploy csidriver -x", "unknown flag '-x' \(help)"),
    ("deploy csidriver -fx", "unknown flag '-fx' \(help)"),
    ("deploy csidriver -clusters=a", "unknown flag '-clusters=a' (hint: did you mean --clusters?)"),
    ("deploy csidriver ---wait", "unknown flag '---wait' (hint: did you mean --wait?)"),
    ("deploy --nope", "unknown flag '--nope' (hint: 'vineyardctl deploy --help' explains the flags)"),
    ("ls --limit=3", "unknown flag '--limit=3' (hint: 'vineyardctl ls --help' explains the flags)"),
    ("ls -j", "unknown flag '-j' (hint: 'vineyardctl ls --help' explains the flags)"),
    ("deploy csidriver --wait=maybe", "invalid value 'maybe' for --wait (hint: give true or false)"),
    ("ls --wait=maybe", "invalid value 'maybe' for --wait (hint: give true or false)"),
    ("deploy csidriver -f=", "invalid value '' for --force (hint: give true or false)"),
    ("deploy csidriver --wait false", "unexpected argument 'false' (hint: write --wait=false)"),
    ("deploy csidriver -f 0", "unexpected argument '0' (hint: write --force=0)"),
    ("deploy csidriver stray", "unexpected argument 'stray' \(help)"),
    ("deploy csidriver --image", "--image needs a value (hint: write --image=VALUE)"),
    ("deploy csidriver -i", "--image needs a value (hint: write --image=VALUE)"),
    ("deploy csidriver --image --wait", "--image needs a value: '--wait' is a flag (hint: write --image=VALUE)"),
    ("deploy csidriver --limit=x", "the value 'x' is invalid for '--limit <limit>' \(help)"),
    (
      "deploy csidriver --clusters=[\"a",
      "invalid value '[\"a' for --clusters: a quote inside an unquoted element (hint: write --clusters=a,b or repeat the flag)"
    ),
    (
      "deploy csidriver --clusters=[1]",
      "invalid value '[1]' for --clusters: an element is not a text (hint: write --clusters=a,b or repeat the flag)"
    ),
    (
      "deploy csidriver --clusters=\"a\"b",
      "invalid value '\"a\"b' for --clusters: 'b' follows a quoted element (hint: write --clusters=a,b or repeat the flag)"
    ),
    (
      "deploy csidriver --clusters=\"a",
      "invalid value '\"a' for --clusters: a quote is not closed (hint: write --clusters=a,b or repeat the flag)"
    ),
    ("deploy csidriver --timeout=5x", "invalid duration '5x': unknown unit 'x' (hint: write 30s, 5m or 1h30m)"),
    ("deploy csidriver --request-timeout -1s", "invalid duration '-1s': it is negative (hint: write 30s, 5m or 1h30m)"),
    ("deploy csidriver --kubeconfig=", "--kubeconfig is empty (hint: leave it out for the default)"),
  ])
  func `a wrong command line is one line on stderr and status 2`(_ line: String, _ message: String) {
    let world = World()
    let words = line.split(separator: " ").map(String.init)
    #expect(world.run(["vineyardctl"] + words, root: SampleRoot.self) == .usage)
    #expect(world.errors == "error: \(message)\n")
    #expect(world.output.isEmpty)
  }

  @Test(arguments: ["", "X", "a_b", "-a", "a-", "a.b", "ä", String(repeating: "a", count: 64), "a b"])
  func `a namespace is a DNS label`(_ name: String) {
    let world = World()
    #expect(world.run(["vineyardctl", "deploy", "csidriver", "--namespace=\(name)"], root: SampleRoot.self) == .usage)
    #expect(
      world.errors
        == "error: invalid --namespace '\(name)' (hint: a name has at most 63 lower-case letters, digits and '-', and begins and ends with a letter or digit)\n"
    )
  }

  @Test(arguments: ["a", "a-b", "0", "vineyard-system", String(repeating: "a", count: 63)])
  func `labels of letters, digits and dashes are names`(_ name: String) {
    #expect(DNSLabel.isValid(name))
  }
}
