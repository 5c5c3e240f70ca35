"""What a caller waits for, boundary included."""
