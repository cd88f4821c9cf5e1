"""Against a real vLLM; `scripts/test-vllm` starts one and runs these."""
