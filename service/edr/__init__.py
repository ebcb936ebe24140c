"""OGC API - Environmental Data Retrieval 1.1 over finished results: values at a place or in an area."""
