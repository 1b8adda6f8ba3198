/* Stand-in for ucx_perftest: it measures nothing. */
#include <stdio.h>
#include "ucp.h"

int main(void) {
  printf("Usage: ucx_perftest [ server-hostname ] [ options ]\nThis is a stand-in, of UCX %s.\n", ucp_get_version_string());
  return 0;
}
