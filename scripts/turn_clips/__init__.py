"""Makes the labelled turns that `voice-server bench turns` plays: texts, speech, sounds, rooms.

Read `plan` for what there is and why, `speech` for how a pause gets into a sentence, `sounds` for
everything that is no speech, and `build` for how they become one clip with its truth.
"""
