/* Stand-in for cusparse.h: torch's headers include it, slim toolkits lack it. */
#ifndef STANDIN_CUSPARSE_H
#define STANDIN_CUSPARSE_H
typedef int cusparseStatus_t;
#endif
