"""What thinks: recognisers, language models and voices behind three small Protocols.

Read `asr.py`, `llm.py` and `tts.py` first: each is one Protocol and the values that cross it.
Every other module here is an implementation of one of the three, or something they share
(`scheduler`, `agreement`, `catalog`). Imports `audio`; knows nothing of the server.
"""
