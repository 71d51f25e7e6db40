#include "CLinux.h"

#include <malloc.h>

void clinux_trim_heap(void) { malloc_trim(0); }

void clinux_return_large_blocks(void) {
  // A threshold that was set stays, while the one at the beginning grows with the first large block that is freed.
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  // Threads of short lives would else get heaps of their own, of which little is ever given back.
  mallopt(M_ARENA_MAX, 2);
}
