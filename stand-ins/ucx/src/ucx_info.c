/* Stand-in for ucx_info: -v and -d. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include "ucp.h"

static const char *library(void) {
  static Dl_info info;
  return dladdr((void *)ucp_get_version_string, &info) ? info.dli_fname : "?";
}

static void print_version(void) {
  printf("# Library version: %s\n# Library path: %s\n", ucp_get_version_string(), library());
  printf("# API headers version: %s\n# Git branch '', revision stand-in\n", ucp_get_version_string());
  printf("# Configured with: %s\n# This is a stand-in.\n", ucp_standin_flags());
}

/* Lists the modules whose libraries are there: without a driver that is all but cuda. */
static int print_devices(void) {
  char directory[4096], path[4096], copy[4096];
  snprintf(copy, sizeof copy, "%s", library());
  snprintf(directory, sizeof directory, "%s/ucx", dirname(copy));
  DIR *entries = opendir(directory);
  if (!entries) return 1;
  for (struct dirent *entry; (entry = readdir(entries));) {
    size_t length = strlen(entry->d_name);
    if (length < 3 || strcmp(entry->d_name + length - 3, ".so") != 0) continue;
    snprintf(path, sizeof path, "%.2000s/%.2000s", directory, entry->d_name);
    if (dlopen(path, RTLD_NOW)) printf("#\n# Memory domain: %.*s\n#     Component: stand-in\n", (int)length - 10, entry->d_name + 7);
  }
  return closedir(entries);
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "-d") == 0) return print_devices();
  print_version();
  return 0;
}
