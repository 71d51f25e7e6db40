import Documents
import HTTPEndpoint
import Support

/// Answers the API server over HTTP.
struct AdmissionWebhook: Sendable {
  let metrics: OperatorMetrics
  let log: Log

  /// Bytes of a review; an object has at most 3 MiB (the API server's limit), and an update brings two.
  static let bodyLimit = 8 << 20

  func answer(_ request: HTTPEndpoint.Request) -> HTTPEndpoint.Answer {
    let decide: (AdmissionReview) -> AdmissionReview.Verdict
    switch request.path {
    case "/mutate-k8s-v6d-io-v1alpha1-vineyardd", "/mutate-k8s-v6d-io-v1alpha1-csidriver":
      decide = ResourceAdmission.complete
    case "/validate-k8s-v6d-io-v1alpha1-vineyardd", "/validate-k8s-v6d-io-v1alpha1-csidriver":
      decide = ResourceAdmission.validate
    default: return HTTPEndpoint.Answer(status: 404, "no webhook has this path\n")
    }
    guard request.method == "POST" else {
      return HTTPEndpoint.Answer(status: 405, "reviews are posted\n")
    }
    let review: AdmissionReview
    do throws(CommandError) {
      review = try AdmissionReview(request.body)
    } catch {
      metrics.admitted("malformed")
      log.info("a request to \(request.path) is refused: \(error)")
      return HTTPEndpoint.Answer(status: 400, "\(error)\n")
    }
    let verdict = decide(review)
    if case .denied(let reason) = verdict {
      metrics.admitted("denied")
      log.info("\(review.operation) of \(review.object?.reference.description ?? "an object") is denied: \(reason)")
    } else {
      metrics.admitted("allowed")
    }
    return HTTPEndpoint.Answer(review.answer(verdict), contentType: HTTPEndpoint.Answer.json)
  }
}
