"""The answer to one question about one table: read it, fit it, say it, write it down."""
