"""OpenAI's Realtime protocol (GA), as a translator: its JSON to our events and back.

Source: the OpenAI API reference, "Realtime", and the types of the `openai` package. Nothing here
decides whose turn it is or what is said: turn detection, interruption and pacing are the session's,
as for every wire. What belongs to this protocol alone is the session object and how it is merged,
the names of items and responses, and the order in which their events are told.

`wire` is the translator; each other file knows one thing: `client_messages`, `session_object`,
`session_merge`, `configuration`, `formats`, `items`, `shelf`, `user_turns`, `responses`, `errors`,
`beta`.
"""
