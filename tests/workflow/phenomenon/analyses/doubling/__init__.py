"""What a doubling of the data gains."""
