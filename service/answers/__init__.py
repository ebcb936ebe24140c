"""What HTTP (RFC 9110) asks of every answer: HEAD, conditions, compression, caching, redirects, other origins."""
