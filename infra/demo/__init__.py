"""Seven dossiers from submission to their end, driven through the public API."""
