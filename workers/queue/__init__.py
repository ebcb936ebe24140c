"""Which work is to be done and who does it: ledger, broker, leases."""
