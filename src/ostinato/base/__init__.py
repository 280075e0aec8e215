"""Files, configuration, devices and logs: nothing about music, text or models."""
