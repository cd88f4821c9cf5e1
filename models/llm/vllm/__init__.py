"""vLLM as a child of ours: started with the flags that matter for voice, watched, ended with us.

vLLM keeps an environment of its own and is never imported. `command` says how it is started,
`startup_log` what it says meanwhile, `guard` sees to it that nothing of it outlives us, `process`
holds the guard, `server` keeps vLLM alive, and `chat` is the language model that comes of it.
"""
