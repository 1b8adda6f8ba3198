#include "ucp.h"

const char *ucp_get_version_string(void) { return VERSION; }
const char *ucp_standin_flags(void) { return FLAGS; }
