"""Stand-in for vLLM's first model runner."""


class GPUModelRunner:
    """The class in which AIBrix replaces two methods."""

    def execute_model(self, scheduler_output):
        return self._update_states(scheduler_output)

    def _update_states(self, scheduler_output):
        return scheduler_output
