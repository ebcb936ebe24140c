"""What names, numbers, masks, dates and ids of foreign files mean: each rule once, for every reader. No files."""
