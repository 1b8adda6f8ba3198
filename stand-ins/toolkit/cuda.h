/* Stand-in for CUDA's driver API. */
#ifndef STANDIN_CUDA_H
#define STANDIN_CUDA_H
#ifdef __cplusplus
extern "C" {
#endif
typedef int CUresult;
CUresult cuInit(unsigned int flags);
CUresult cuDriverGetVersion(int *version);
CUresult cuDeviceGetCount(int *count);
#ifdef __cplusplus
}
#endif
#endif
