/* Stand-in for ucx_perftest: a server without an address, a client with one, and messages between them over shared memory or TCP. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "ucp.h"

/* What the client tells the server, as in the real one. */
struct test { uint64_t size, iterations; char memory[64]; uint16_t port; };

static const char *line = "+--------------+--------------+----------+---------+---------+----------+----------+-----------+-----------+\n";

static int fail(const char *where, const char *what, const char *more) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  printf("[%ld.%06ld] [stand-in:%d:0] %19s UCX  ERROR %s%s\n", (long)now.tv_sec, now.tv_nsec / 1000, getpid(), where, what, more);
  return -1;
}

/* 0 once all bytes are through */
static int all(ssize_t (*move)(int, void *, size_t), int fd, void *bytes, size_t size) {
  for (ssize_t done; size > 0; bytes = (char *)bytes + done, size -= done)
    if ((done = move(fd, bytes, size)) <= 0) return fail("sock.c:133", "remote closed connection", "");
  return 0;
}
static ssize_t send_some(int fd, void *bytes, size_t size) { return send(fd, bytes, size, MSG_NOSIGNAL); }
static ssize_t receive_some(int fd, void *bytes, size_t size) { return recv(fd, bytes, size, 0); }

static uint64_t sum(const unsigned char *bytes, size_t size) {
  uint64_t result = size;
  for (size_t at = 0; at < size; at++) result = result * 31 + bytes[at];
  return result;
}

static int listening(uint16_t *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, (void *)&address, length) || listen(fd, 1)) return fail("perftest.c:421", "bind() failed: ", strerror(errno));
  getsockname(fd, (void *)&address, &length);
  *port = ntohs(address.sin_port);
  return fd;
}

static int connected(const char *host, uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  inet_pton(AF_INET, host, &address.sin_addr);
  return connect(fd, (void *)&address, sizeof address) ? fail("perftest.c:386", "connect() failed: ", strerror(errno)) : fd;
}

/* Memory that both processes have, or NULL */
static void *shared(const char *name, size_t size, int flags) {
  int fd = shm_open(name, O_RDWR | flags, 0600);
  if (fd < 0 || ftruncate(fd, size)) return NULL;
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

struct transport { const char *names; int over_memory; };
static const struct transport transports[] = {
  {"sm shm posix mm all", 1},
  {"tcp all", 0},
};

/* The first that UCX_TLS names and this build has */
static const struct transport *chosen(void) {
  const char *asked = getenv("UCX_TLS");
  char copy[256], names[64], word[64];
  snprintf(copy, sizeof copy, "%s", asked ? asked : "all");
  for (char *rest = copy, *each; (each = strsep(&rest, ","));)
    for (size_t at = 0; at < sizeof transports / sizeof *transports; at++) {
      snprintf(names, sizeof names, " %s ", transports[at].names);
      snprintf(word, sizeof word, " %.60s ", each);
      if (strstr(names, word)) return &transports[at];
    }
  snprintf(names, sizeof names, "%.20s on all devices)", asked ? asked : "all");
  fail("ucp_context.c:1582", "no usable transports/devices (asked ", names);
  fail("perftest_run.c:345", "Failed to run test: ", "No such device");
  return NULL;
}

static int serve(uint16_t port) {
  struct test test;
  int waiting = listening(&port);
  if (waiting < 0) return 255;
  printf("Waiting for connection...\n");
  int control = accept(waiting, NULL, NULL);
  if (control < 0 || all(receive_some, control, &test, sizeof test)) return 255;
  printf("Accepted connection\n| API:          protocol layer\n| Message size: %lu\n", (unsigned long)test.size);
  const struct transport *transport = chosen();
  if (!transport) return 255;
  uint16_t data_port = 0;
  int data_waiting = transport->over_memory ? -1 : listening(&data_port), data = -1;
  /* Before it answers: the client takes the name away then. */
  void *bytes = transport->over_memory ? shared(test.memory, test.size, 0) : malloc(test.size);
  if (!bytes) return fail("mm_posix.c:234", "shm_open() failed: ", strerror(errno)) & 255;
  if (all(send_some, control, &data_port, sizeof data_port)) return 255;
  if (!transport->over_memory) data = accept(data_waiting, NULL, NULL);
  for (char ready; test.iterations > 0; test.iterations--) {
    if (transport->over_memory ? all(receive_some, control, &ready, 1) : all(receive_some, data, bytes, test.size)) return 255;
    uint64_t arrived = sum(bytes, test.size);
    if (all(send_some, control, &arrived, sizeof arrived)) return 255;
  }
  return 0;
}

static void print_results(const struct test *test, double seconds) {
  double each = seconds * 1e6 / test->iterations, bandwidth = test->size * test->iterations / seconds / 1048576, rate = test->iterations / seconds;
  printf("%s|    Stage     | # iterations | 50.0%%ile | average | overall |  average |  overall |  average  |  overall  |\n%s", line, line);
  printf("Final:    %16lu %10.3f %9.3f %9.3f %10.2f %10.2f %11.0f %11.0f\n", (unsigned long)test->iterations, each, each, each, bandwidth, bandwidth, rate, rate);
}

static int ask(const char *host, struct test test) {
  int control = connected(host, test.port), data = -1;
  const struct transport *transport = control < 0 ? NULL : chosen();
  if (!transport) return 255;
  snprintf(test.memory, sizeof test.memory, "/ucx-stand-in-%d", getpid());
  unsigned char *bytes = transport->over_memory ? shared(test.memory, test.size, O_CREAT | O_EXCL) : malloc(test.size);
  if (!bytes) return fail("mm_posix.c:234", "shm_open() failed: ", strerror(errno)) & 255;
  uint16_t data_port;
  int lost = all(send_some, control, &test, sizeof test) || all(receive_some, control, &data_port, sizeof data_port);
  if (transport->over_memory) shm_unlink(test.memory);
  if (lost || (!transport->over_memory && (data = connected(host, data_port)) < 0)) return 255;
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (uint64_t each = 0, arrived; each < test.iterations; each++) {
    memset(bytes, (int)each + 1, test.size);
    if (transport->over_memory ? all(send_some, control, "m", 1) : all(send_some, data, bytes, test.size)) return 255;
    if (all(receive_some, control, &arrived, sizeof arrived)) return 255;
    if (arrived != sum(bytes, test.size)) return fail("perftest_run.c:345", "Failed to run test: ", "other bytes arrived") & 255;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  print_results(&test, end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9);
  return 0;
}

int main(int count, char **arguments) {
  struct test test = {.size = 8, .iterations = 1000000, .port = 13337};
  for (int option; (option = getopt(count, arguments, "hp:t:s:n:")) != -1;) {
    if (option == 'p') test.port = atoi(optarg);
    if (option == 's') test.size = strtoull(optarg, NULL, 10);
    if (option == 'n') test.iterations = strtoull(optarg, NULL, 10);
    if (option == 'h') return printf("Usage: ucx_perftest [ server-hostname ] [ options ]\nThis is a stand-in, of UCX %s.\n", ucp_get_version_string()) < 0;
  }
  return optind < count ? ask(arguments[optind], test) : serve(test.port);
}
