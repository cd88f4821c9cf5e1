"""What moves bytes: sockets and their two tasks."""
