"""What a GPU does for conversations: recognition, a language model, and both on one card.

All models are made on the spot, in the true shapes and with random weights, because speed does not
depend on what they know: nothing is downloaded. `scripts/bench-gpu` runs it; the dry run does the
same in tiny shapes on the CPU, and says what it left out.
"""
