"""Stand-in for vLLM's variables."""

import os

environment_variables = {
    "VLLM_USE_V2_MODEL_RUNNER": lambda: bool(int(os.getenv("VLLM_USE_V2_MODEL_RUNNER", "0"))),
}


def __getattr__(name):
    return environment_variables[name]()
