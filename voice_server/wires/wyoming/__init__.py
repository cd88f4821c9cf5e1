"""Wyoming, the protocol of Home Assistant's voice: recognition, speech, and answers, purely.

https://github.com/OHF-Voice/wyoming. The events are those of the package `wyoming`; the framing is
ours, because every length that a peer names has a limit here.
"""
