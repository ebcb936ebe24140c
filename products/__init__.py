"""What can be ordered, one file each, and the catalogue that lists them."""
