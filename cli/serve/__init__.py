"""`landcast serve` and `landcast worker`."""
