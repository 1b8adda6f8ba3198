/* A library that has a name and nothing in it. */
#define JOIN(a, b) a##b
#define SYMBOL(name) JOIN(standin_, name)
int SYMBOL(NAME)(void) { return 0; }
