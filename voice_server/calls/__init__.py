"""Calls: a conversation and its client, over as many connections as it takes.

A `Call` keeps together what has to survive a broken connection: the session, the wire with its
counters, the outbox, and a journal of what was sent. A link is only a byte mover that is attached
to a call for a while. The `CallRegister` knows all calls of the process, and gives one back to the
client that can name it. Reading order: `journal`, `coverage`, `resume_key`, `call`, `register`.

Where processes share a store, a call survives the process, too. `standing` reads off the events
what another one has to know, `ledger` writes it down, `keeper` commits it before it is sent, and
`adoption` says with what a session begins elsewhere.
"""
