import Support

extension TransportError: ClientError {
  public var asProgramError: ProgramError {
    let (cause, hint) = explanation
    return ProgramError(kind == .timeout ? .notReady : .failed, "cannot \(operation)", cause: cause, hint: hint)
  }

  private var explanation: (cause: String, hint: String?) {
    switch kind {
    case .unreachable(let reason): unreachable(reason)
    case .tls(let problem): explanation(of: problem)
    case .timeout:
      ("\(server) took the request and did not answer in time", "try again, or give it longer with --request-timeout")
    case .reset where isPlain && !hasAnswered:
      (
        "\(server) closed the connection without an answer",
        "\(Self.secured); if this server speaks plain HTTP, try again"
      )
    case .reset: ("the connection to \(server) broke: \(detail)", "try again")
    case .malformedAnswer where isPlain && !hasAnswered && !isPage:
      ("\(server) sent what is no HTTP", Self.secured)
    case .malformedAnswer where isPage:
      (
        "\(server) sent a page for a browser",
        "a login page or a gateway is in front of the API server: log in there, or check the server's URL"
      )
    case .malformedAnswer:
      ("\(server) sent what no API server sends: \(detail)", "check that the server's URL is a Kubernetes API server's")
    case .tooLarge: ("the answer of \(server) is too large: \(detail)", nil)
    case .unsupported: ("\(server) \(detail)", nil)
    case .podUnreachable: (detail, "does the container listen at that port?")
    case .unusable: (detail, nil)
    }
  }

  private func unreachable(_ reason: Unreachable) -> (String, String?) {
    let hint = "is the cluster running? check --context and --kubeconfig"
    return switch reason {
    case .refused: ("nothing listens at \(server)", hint)
    case .unknownHost: ("the host name of \(server) is unknown", "\(hint), and the name server")
    case .noRoute: ("\(server) cannot be reached: \(detail)", hint)
    case .noAnswer(let part): noAnswer(part)
    case .proxy:
      ("the proxy on the way to \(server) failed: \(detail)", "check proxy-url, HTTPS_PROXY and NO_PROXY")
    }
  }

  /// The detail is the time that there was.
  private func noAnswer(_ part: ConnectionPart) -> (String, String?) {
    let cluster = "is the cluster running? check --context, --kubeconfig and firewalls on the way"
    let longer = "--request-timeout gives it longer"
    return switch part {
    case .nameResolution:
      ("no name server answered for the host of \(server) within \(detail)", "check the name servers; \(longer)")
    case .connection: ("\(server) does not answer: no TCP connection within \(detail)", "\(cluster); \(longer)")
    case .proxy:
      (
        "there was no connection to \(server) through the proxy within \(detail)",
        "check proxy-url, HTTPS_PROXY and NO_PROXY; \(longer)"
      )
    case .tls:
      ("\(server) does not answer: the TLS handshake was not over within \(detail)", "\(cluster); \(longer)")
    }
  }

  private func explanation(of problem: TLSProblem) -> (String, String?) {
    switch problem {
    case .expired:
      ("the certificate of \(server) has expired", "have it renewed; --insecure-skip-tls-verify trusts it all the same")
    case .notYetValid: ("the certificate of \(server) is not valid yet", "check the clock of this machine")
    case .unknownAuthority:
      (
        "the certificate of \(server) is signed by an unknown authority",
        "check certificate-authority in the kubeconfig; --insecure-skip-tls-verify trusts any certificate"
      )
    case .wrongName:
      (
        "the certificate of \(server) is for another name: \(detail)",
        "check the server's URL, or set tls-server-name in the kubeconfig"
      )
    case .clientCertificate:
      (
        "the client certificate is not accepted: \(detail)",
        "check client-certificate and client-key in the kubeconfig, and whether they have expired"
      )
    case .authorityUnreadable:
      ("the certificate authority cannot be read: \(detail)", "check certificate-authority in the kubeconfig")
    case .notTLS: ("\(server) does not speak TLS", Self.plain)
    case .closed:
      (
        "\(server) closed the connection during the TLS handshake",
        "\(Self.plain); if this server speaks TLS, try again"
      )
    case .other: ("no TLS connection with \(server): \(detail)", nil)
    }
  }

  /// Whether the server's URL asks for no TLS.
  private var isPlain: Bool { server.lowercased().hasPrefix("http://") }

  private static let secured = "check the server's URL: https:// instead of http://?"
  private static let plain = "check the server's URL: http:// instead of https://?"
}
