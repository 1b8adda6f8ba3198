"""Stand-in for AIBrix's hook.

Like the real one, it replaces two methods of vLLM's first model runner, found by name.
"""

import importlib
import logging

VLLM_V1_WORKER_GPU_MODEL_RUNNER_MODULE = "vllm.v1.worker.gpu_model_runner"


def _apply_gpu_model_runner_patches(module):
    GPUModelRunner = module.GPUModelRunner
    if getattr(GPUModelRunner, "_aibrix_patched", False):
        return
    original_execute_model = GPUModelRunner.execute_model
    original_update_states = GPUModelRunner._update_states

    def execute_model(self, scheduler_output, *args, **kwargs):
        return original_execute_model(self, scheduler_output, *args, **kwargs)

    def update_states(self, scheduler_output):
        return original_update_states(self, scheduler_output)

    GPUModelRunner.execute_model = execute_model
    GPUModelRunner._update_states = update_states
    GPUModelRunner._aibrix_patched = True


try:
    _apply_gpu_model_runner_patches(importlib.import_module(VLLM_V1_WORKER_GPU_MODEL_RUNNER_MODULE))
except ImportError as error:
    logging.getLogger(__name__).warning("Failed to patch gpu_model_runner: %s", error)
