"""openEO API 1.2 as a facade: a process graph of one product is an order, and an openEO job one of the ledger."""
