"""Bytes from disks, object storage and the web. Knows nothing of bands or scenes."""
