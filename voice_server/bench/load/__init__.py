"""What does a session cost, and how many fit? The measurements behind `voice-server bench load`.

The load is open-loop: a process of its own sends every frame of 20 ms by an absolute schedule,
whatever the server does, and writes down how late it was itself. A run in which the generator was
late says nothing about the server, and is void. Subjects take turns block by block, and a bare
aiohttp echo of the same frames runs beside us, so that ratios survive a machine with other work.

`schedule`, `websocket_bytes`, `replies` and `statistics` are pure; `generator` is the process;
`null_tier` says what is measured, `load_report` how it is told.
"""
