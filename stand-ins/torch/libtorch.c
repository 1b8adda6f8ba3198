/* Stand-in for libtorch: it keeps the names of the operators that extensions register. The name of the function that
 * they register with holds torch's version, so an extension for another torch does not load, as with the real one. */
#include <cuda_runtime.h>
#include <string.h>
#include <torch/standin.h>

enum { LIMIT = 64 };
static const char *names[LIMIT];
static int count;

void STANDIN_TORCH_REGISTER(const char *name) {
  for (int i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return;
  if (count < LIMIT) names[count++] = name;
}

const char *standin_torch_operator(int position) { return position < count ? names[position] : 0; }

int standin_torch_cuda_runtime(void) {
  int version = 0;
  cudaRuntimeGetVersion(&version);
  return version;
}
