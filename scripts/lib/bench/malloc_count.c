/* Counts allocations of the process it is preloaded into.
 *
 * BENCH_MALLOC_FILE names a file of at least 16 bytes: two u64, calls that
 * allocate (malloc, calloc, realloc, aligned) and calls of free. It is mapped
 * shared, so that the bench reads it while the process runs.
 * glibc's __libc_* names avoid dlsym, which allocates itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

struct counters {
  _Atomic uint64_t allocations;
  _Atomic uint64_t frees;
};

static struct counters before_start;
static struct counters *counters = &before_start;

__attribute__((constructor)) static void map_counters(void) {
  const char *path = getenv("BENCH_MALLOC_FILE");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *memory = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory != MAP_FAILED) counters = memory;
  close(file);
}

static void allocated(void) {
  atomic_fetch_add_explicit(&counters->allocations, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
  allocated();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  allocated();
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  allocated();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  allocated();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *result = memory;
  return 0;
}

void free(void *memory) {
  if (memory == NULL) return;
  atomic_fetch_add_explicit(&counters->frees, 1, memory_order_relaxed);
  __libc_free(memory);
}
