"""Claims: expected values held against measured intervals."""
