"""A double of the Kubernetes API server, as strict as the thing it stands for."""
