"""How the bundled recogniser is made: a tiny Whisper taught by espeak-ng, in steps that repeat.

Reading order: `plan` (what is done and how much of it), `sentences` (what is said), `speech` and
`features` (how it sounds), `pool` (kept on disk), `windows` and `augment` (what a training window
is), `targets` (what the decoder should answer), `model`, `train`, `export`, `evaluate`, and
`command`, which strings the phases together. `environment` gives all of it its own packages.
"""
