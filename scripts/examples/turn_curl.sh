#!/bin/sh
# sh turn_curl.sh question.wav answer.wav [URL]: one spoken turn over HTTP, with curl and jq.
# A conversation that can be interrupted needs the WebSocket: see raw_python.py and raw_node.mjs.
set -eu
url=${3:-http://localhost:8080}
post() { curl --silent --show-error --fail-with-body "$@"; }

text=$(post "$url/v1/audio/transcriptions" -F response_format=text -F file=@"$1")
echo "$text"
reply=$(jq -n --arg text "$text" '{messages: [{role: "user", content: $text}]}' |
    post "$url/v1/chat/completions" --json @- | jq -r '.choices[0].message.content')
echo "$reply"
jq -n --arg text "$reply" '{input: $text, response_format: "wav"}' |
    post "$url/v1/audio/speech" --json @- --output "$2"
