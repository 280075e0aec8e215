"""The parts of ``runs/music_corpora.py``: fingerprints, what they give away, and packed shards."""
