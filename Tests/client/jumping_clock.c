// Preloaded, it shifts the time of day by the seconds in the file that CLOCK_SHIFT_FILE names, which may change while
// the program runs. Clocks that only run on stay as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
  const char *path = getenv("CLOCK_SHIFT_FILE");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return 0;
  char text[32] = {0};
  long seconds = read(file, text, sizeof text - 1) > 0 ? atol(text) : 0;
  close(file);
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*genuine)(clockid_t, struct timespec *);
  if (!genuine) *(void **)&genuine = dlsym(RTLD_NEXT, "clock_gettime");
  int result = genuine(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
  return result;
}
