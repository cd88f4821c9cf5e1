"""What was said, on disk: only where the operator asks for it (`transcripts.directory`)."""
