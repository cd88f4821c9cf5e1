"""The front door: what happens to a connection before anybody listens to what it says.

It stands between the listening sockets and aiohttp, as an ordinary asyncio protocol in front of
another one. It counts connections before they cost anything, ends TLS, gives half a request little
time and little room, and looks at every WebSocket frame's header before the parser does. All of
that is the network's grammar; who somebody is (`admission`) and what they say (`wires`) come later.
"""
