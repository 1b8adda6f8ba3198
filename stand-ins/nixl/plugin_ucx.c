/* Stand-in for NIXL's UCX plugin: its transport is this process's memory. */
#include <string.h>

extern const char *ucp_get_version_string(void);

void standin_plugin_copy(void *to, const void *from, size_t length) {
  if (ucp_get_version_string()) memcpy(to, from, length);
}
