/* Stand-in for NVML. */
#ifndef STANDIN_NVML_H
#define STANDIN_NVML_H
#define nvmlInit nvmlInit_v2
#ifdef __cplusplus
extern "C" {
#endif
typedef int nvmlReturn_t;
nvmlReturn_t nvmlInit_v2(void);
nvmlReturn_t nvmlShutdown(void);
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count);
#ifdef __cplusplus
}
#endif
#endif
