"""Work of a service besides its requests, in threads of its own."""
