#define _GNU_SOURCE
#include "CLinux.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Larger than the working memory of crypt_r(3) in any library; it begins with zeroes, as the manual page demands.
#define WORKING_MEMORY (256 << 10)

static char *(*crypt_with)(const char *, const char *, void *);
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void) {
  // Debian's package libcrypt1 has the first name, other distributions the second.
  void *library = dlopen("libcrypt.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libcrypt.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library) *(void **)&crypt_with = dlsym(library, "crypt_r");
}

int clinux_crypt(const char *phrase, const char *setting, char *output, size_t capacity) {
  pthread_once(&loaded, load);
  if (!crypt_with) return -ENOSYS;
  void *memory = calloc(1, WORKING_MEMORY);
  if (!memory) return -ENOMEM;
  errno = 0;
  const char *hash = crypt_with(phrase, setting, memory);
  int result = 0;
  // Failures are told as "*0" or "*1", which no hash begins with.
  if (!hash || hash[0] == '*') {
    result = errno ? -errno : -EINVAL;
  } else if (strlen(hash) >= capacity) {
    result = -ERANGE;
  } else {
    strcpy(output, hash);
  }
  explicit_bzero(memory, WORKING_MEMORY);
  free(memory);
  return result;
}
