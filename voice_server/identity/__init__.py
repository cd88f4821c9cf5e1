"""Who may talk, as whom, and how much.

A request offers a credential: an API key, a ticket, a client secret, or a token of an identity
provider. `Doorkeeper` makes an `Identity` of it, or denies it with a sentence; from there on nobody
looks at credentials any more. What has to be remembered between requests (tickets, rates, budgets,
revocations) lies behind one small `Store`. Everything else here is pure, with the time passed in.
"""
