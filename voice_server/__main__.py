"""`python -m voice_server` is the console command."""

from voice_server.cli import main

main()
