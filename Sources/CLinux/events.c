#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

const char *clinux_error_text(int code) {
  const char *text = strerrordesc_np(code);
  return text != NULL ? text : "unknown error";
}

char *const *clinux_environment(void) { return environ; }

int clinux_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) {
    if (sigaddset(&set, signals[i]) < 0) return -errno;
  }
  int code = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (code != 0) return -code;
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

int clinux_signalfd_read(int fd) {
  struct signalfd_siginfo info;
  ssize_t size;
  do {
    size = read(fd, &info, sizeof(info));
  } while (size < 0 && errno == EINTR);
  if (size < 0) return -errno;
  return size == (ssize_t)sizeof(info) ? (int)info.ssi_signo : -EIO;
}

int clinux_eventfd(void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

int clinux_eventfd_notify(int fd) {
  uint64_t one = 1;
  ssize_t size;
  do {
    size = write(fd, &one, sizeof(one));
  } while (size < 0 && errno == EINTR);
  // EAGAIN: the count is at its maximum, so the descriptor is readable already.
  return size < 0 && errno != EAGAIN ? -errno : 0;
}

int clinux_eventfd_drain(int fd) {
  uint64_t count;
  ssize_t size;
  do {
    size = read(fd, &count, sizeof(count));
  } while (size < 0 && errno == EINTR);
  return size < 0 && errno != EAGAIN ? -errno : 0;
}

int clinux_block_signals(void) {
  sigset_t set;
  sigfillset(&set);
  return -pthread_sigmask(SIG_SETMASK, &set, NULL);
}

int clinux_thread_name(const char *name) {
  char cut[16] = {0};
  strncpy(cut, name, sizeof(cut) - 1);
  return -pthread_setname_np(pthread_self(), cut);
}

int clinux_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int timeout) {
  struct epoll_event ready[128];
  if (capacity > 128) capacity = 128;
  int count = epoll_wait(epoll, ready, capacity, timeout);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int index = 0; index < count; index++) {
    events[index].token = ready[index].data.u64;
    events[index].events = ready[index].events;
  }
  return count;
}

int clinux_pipe(int *read_end, int *write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  *read_end = ends[0];
  *write_end = ends[1];
  return 0;
}
