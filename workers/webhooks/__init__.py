"""Webhooks in the ledger: who is to be told of a job, and what of it is still to be sent. Sending: service/webhooks."""
