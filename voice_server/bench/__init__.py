"""How good is it? The measurements behind `voice-server bench`.

A bench holds whole conversations with the real session core in simulated time: labelled clips in
place of a microphone, a loudspeaker that knows what it has played, engines of stated latencies.
What happened is written down as a log; outcomes, figures, tables and plots are pure functions of
logs, so what a figure means can be tested on a log made by hand.
"""
