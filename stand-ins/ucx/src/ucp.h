/* Stand-in for UCP's API. */
#ifndef STANDIN_UCP_H
#define STANDIN_UCP_H
const char *ucp_get_version_string(void);
const char *ucp_standin_flags(void);
#endif
