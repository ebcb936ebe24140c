"""Following jobs: their log, streams of their events, metrics."""
