/* Stand-in for the CUDA runtime: a machine without a GPU. */
int cudaRuntimeGetVersion(int *version) {
  *version = CUDART_VERSION;
  return 0;
}
int cudaGetDeviceCount(int *count) {
  *count = 0;
  return 100; /* cudaErrorNoDevice */
}
