"""Storage: files that are whole or absent, tables and their columns, checksums, provenance, and the lock."""
