"""Calls: a conversation and its client, over as many connections as it takes.

A `Call` keeps together what has to survive a broken connection: the session, the wire with its
counters, the outbox, and a journal of what was sent. A link is only a byte mover that is attached
to a call for a while. The `Exchange` knows all calls of the process, and gives one back to the
client that can name it. Reading order: `journal`, `coverage`, `resume_key`, `call`, `exchange`.
"""
