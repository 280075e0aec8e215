"""From prepared documents to batches on the device: shards, word tables, windows, masks."""
