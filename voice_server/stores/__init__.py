"""What several server processes share: one Redis, spoken to through one link per process.

`redis_link` is the only file that speaks to Redis. It knows how long to wait, when not to ask at
all, and that every failure is a `StoreUnavailable`; it knows nothing of tickets or sessions. What
is remembered, and how a step stays atomic, is said in scripts (Lua, run by Redis itself) that stand
in the files of those who need them, such as `redis_store` for identities. All keys begin with
`vs:`, so that Redis can confine the server to them (see README, "Several processes").
"""
