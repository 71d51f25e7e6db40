import ArgumentParser
import Deployer
import Documents
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support
import Synchronization

/// Prints the script that makes a shell complete commands, flags and values.
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

      Contexts come from the kubeconfig; namespaces, and the names of Vineyardds and drivers, from its cluster.
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

extension CompletionKind {
  /// The contexts of the kubeconfig.
  static var contexts: CompletionKind {
    .custom { words, _, _ in ClusterNames(words: words).contexts() }
  }

  /// The namespaces of the cluster that the words before name.
  static var namespaces: CompletionKind {
    .custom { words, _, _ in ClusterNames(words: words).namespaces() }
  }

  /// The names of the Vineyardds in the namespace that the words before name, or in all.
  static var vineyardds: CompletionKind {
    .custom { words, _, _ in ClusterNames(words: words).vineyardds().map(\.name) }
  }

  /// The same as `namespace/name`, each behind those that commas separate already.
  static var clusters: CompletionKind {
    .custom { words, _, word in
      ClusterNames.elements(ClusterNames(words: words).vineyardds().map(ClusterNames.qualified), after: word)
    }
  }

  /// The names of the CSI drivers.
  static var drivers: CompletionKind {
    .custom { words, _, _ in ClusterNames(words: words).drivers() }
  }
}

/// Names that complete a command line; whatever goes wrong, there are none.
struct ClusterNames {
  /// The connection that the words describe.
  private(set) var options = ConnectionOptions()
  /// The namespace that the words name, nil for all of them.
  private let namespace: String?
  private let sources: ConfigurationSources

  /// - Parameter words: the command line so far, its last word perhaps unfinished.
  init(words: [String], sources: ConfigurationSources = .process) {
    self.sources = sources
    namespace = Self.value(of: "--namespace", in: words) ?? Self.value(of: "-n", in: words)
    options.kubeconfig = Self.value(of: "--kubeconfig", in: words)
    options.context = Self.value(of: "--context", in: words)
    options.impersonate = Self.value(of: "--as", in: words)
    options.server = Self.value(of: "--server", in: words)
    options.skipsTLSVerification = words.contains("--insecure-skip-tls-verify")
    // Somebody sits in front of it.
    options.requestTimeout = 3
  }

  private static func value(of flag: String, in words: [String]) -> String? {
    for (index, word) in words.enumerated() {
      if word.hasPrefix("\(flag)=") { return String(word.dropFirst(flag.count + 1)) }
      // A shell may take the equals sign for a word.
      let next = words.dropFirst(index + 1).first { $0 != "=" }
      if word == flag, let next, !next.isEmpty { return next }
    }
    return nil
  }

  /// The contexts of the kubeconfig.
  func contexts() -> [String] {
    let names = try? ClientConfiguration.contextNames(kubeconfig: options.kubeconfig, sources: sources)
    return (names ?? []).sorted()
  }

  /// The namespaces of the cluster.
  func namespaces() -> [String] { objects(of: .namespace, in: nil).map(\.name).sorted() }

  /// The Vineyardds of the namespace that the words name, or of all, by name.
  func vineyardds() -> [KubernetesObject] {
    objects(of: .vineyardd, in: namespace).sorted { Self.qualified($0) < Self.qualified($1) }
  }

  /// The names of the CSI drivers.
  func drivers() -> [String] { objects(of: .csiDriver, in: nil).map(\.name).sorted() }

  /// `namespace/name`.
  static func qualified(_ object: KubernetesObject) -> String { "\(object.namespace ?? "")/\(object.name)" }

  /// Candidates for the last element of a list with commas, without those that are in it.
  ///
  /// - Parameter word: the list so far, its last element perhaps unfinished.
  static func elements(_ candidates: [String], after word: String) -> [String] {
    let written = word.split(separator: ",", omittingEmptySubsequences: false).dropLast().map(String.init)
    let start = written.map { "\($0)," }.joined()
    return candidates.filter { !written.contains($0) }.map { start + $0 }
  }

  private func objects(of type: ObjectType, in namespace: String?) -> [KubernetesObject] {
    guard let configuration = try? ClientConfiguration.resolve(options, sources: sources) else { return [] }
    let found = Mutex<[KubernetesObject]>([])
    let end = Support.Semaphore()
    Task.detached {
      let client = KubernetesClient(configuration, log: Logger(minimum: .error, write: { _ in }))
      let objects = try? await client.list(type, namespace: namespace).items
      found.withLock { $0 = objects ?? [] }
      end.signal()
    }
    end.wait()
    return found.withLock { $0 }
  }
}
