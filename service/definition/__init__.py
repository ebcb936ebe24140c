"""The OpenAPI document as the running service gives it, in the versions that clients read."""
