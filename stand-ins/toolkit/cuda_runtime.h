/* Stand-in for CUDA's runtime API. */
#ifndef STANDIN_CUDA_RUNTIME_H
#define STANDIN_CUDA_RUNTIME_H
#include <cuda.h>
#ifdef __cplusplus
extern "C" {
#endif
int cudaRuntimeGetVersion(int *version);
int cudaGetDeviceCount(int *count);
#ifdef __cplusplus
}
#endif
#endif
