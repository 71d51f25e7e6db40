// Preloaded, it shifts the time of day by the seconds in the file that CLOCK_SHIFT_FILE names, which may change while
// the program runs; the last shift other than 0 that the program met is written to CLOCK_SEEN_FILE. Clocks that only run
// on stay as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void tell(const char *text) {
  const char *path = getenv("CLOCK_SEEN_FILE");
  int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
  if (file < 0) return;
  if (write(file, text, strlen(text)) < 0) abort();
  close(file);
}

static long shift(void) {
  const char *path = getenv("CLOCK_SHIFT_FILE");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return 0;
  char text[32] = {0};
  long seconds = read(file, text, sizeof text - 1) > 0 ? atol(text) : 0;
  close(file);
  if (seconds) tell(text);
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*genuine)(clockid_t, struct timespec *);
  if (!genuine) *(void **)&genuine = dlsym(RTLD_NEXT, "clock_gettime");
  int result = genuine(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
  return result;
}
