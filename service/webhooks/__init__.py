"""Webhooks: who is told of a job by POST, signed, and never at an address that is not public unless that is allowed."""
