"""Published architectures, one folder each: configuration, model, checkpoint."""
