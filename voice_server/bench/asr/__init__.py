"""How good, how quick and how dear is a recogniser? The measurements of `voice-server bench asr`.

Two kinds of models. Those that understand espeak-ng's voice are judged by their words: when each
was shown, whether it stayed, how many were wrong, what was invented. A Whisper of true shape whose
weights say the same words whatever it hears costs what OpenAI's models cost, and needs no download.

`talking` plays people at their own pace against a real server; `costs` and `judging` ask the model
itself, beside faster-whisper's `transcribe`, in turns. `captions`, `capacity` and `asr_report` are
pure; `measure` says what is done in which order.
"""
