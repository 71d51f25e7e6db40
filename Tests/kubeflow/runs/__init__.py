"""What Argo, Kubeflow and Kubernetes make of a pipeline, as far as pods, claims and their ends go."""
