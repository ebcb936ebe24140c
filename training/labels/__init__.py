"""Label files to labelled pixels."""
