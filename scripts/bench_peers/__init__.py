"""Measures our server beside others: same speech, same model folder, one core each.

Talkers in a process of their own speak recorded sentences by an absolute schedule, each sentence
over a connection of its own, whatever the server does. What each server showed, and when, becomes
one list (`heard`), and everything in the report is made of such lists. `wires` are the servers'
protocols, `servers` how they are started, `programs` what runs inside a peer's own environment.
It needs what `scripts/bench-peers` installs, and never runs in CI; its pure parts have tests.
"""
