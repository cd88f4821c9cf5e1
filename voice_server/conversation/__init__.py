"""One conversation, from microphone bytes to paced speech. Read `session` first."""
