import ArgumentParser
import Support

/// Prints what makes a shell complete commands, flags and values.
struct CompletionCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion", abstract: "Print a completion script for a shell.",
    discussion: """
      For this shell:
        bash: source <(vineyardctl completion bash)
        zsh:  source <(vineyardctl completion zsh)
        fish: vineyardctl completion fish | source

      For each new one, write it into a file:
        bash: /etc/bash_completion.d/vineyardctl
        zsh:  _vineyardctl in a directory of $fpath
        fish: ~/.config/fish/completions/vineyardctl.fish

      Contexts come from the kubeconfig, namespaces from its cluster.
      """.withExamples("vineyardctl completion bash > /etc/bash_completion.d/vineyardctl"))

  @Argument(help: "The shell.")
  var shell: Shell

  mutating func run(_ context: CommandContext) throws {
    context.output("\(Vineyardctl.completionScript(for: shell.kind).trimmingLineEnd())\n")
  }

  /// The shells there are scripts for.
  enum Shell: String, CaseIterable, ExpressibleByArgument {
    case bash, zsh, fish

    var kind: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }
}
