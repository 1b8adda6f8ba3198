"""Stand-in for vLLM's second model runner."""


class GPUModelRunner:
    """The class in which AIBrix replaces nothing."""

    def execute_model(self, scheduler_output):
        return scheduler_output
