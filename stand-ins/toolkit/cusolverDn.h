/* Stand-in for cusolverDn.h: torch's headers include it, slim toolkits lack it. */
#ifndef STANDIN_CUSOLVER_H
#define STANDIN_CUSOLVER_H
typedef int cusolverStatus_t;
#endif
