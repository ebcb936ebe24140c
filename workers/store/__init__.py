"""Where tiles and results lie: one folder, or one bucket of object storage that machines share."""
