"""Stand-in for vLLM's configuration."""

from vllm import envs


class VllmConfig:
    @property
    def use_v2_model_runner(self) -> bool:
        use_v2_model_runner = envs.VLLM_USE_V2_MODEL_RUNNER
        if use_v2_model_runner is not None:
            return use_v2_model_runner
        return self.is_of_a_kind_for_v2()

    def is_of_a_kind_for_v2(self) -> bool:
        return True
