#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// linux/mount.h clashes with sys/mount.h on some releases of glibc, so the few values are here.
enum {
  fsopen_cloexec = 0x1,
  fsconfig_set_string = 1,
  fsconfig_cmd_create = 6,
  fsmount_cloexec = 0x1,
  mount_attr_rdonly = 0x1,
  mount_attr_nosuid_nodev_noexec = 0x2 | 0x4 | 0x8,
  open_tree_clone = 0x1,
  move_mount_f_empty_path = 0x4,
  ms_private_recursive = (1 << 18) | (1 << 14),
};

// struct mount_attr of linux/mount.h, as of Linux 5.12.
struct mount_attributes {
  uint64_t set, clear, propagation, user_namespace;
};

int clinux_memfd_create(const char *name, unsigned int flags) {
  long fd = syscall(SYS_memfd_create, name, flags);
  if (fd < 0 && errno == EACCES) fd = syscall(SYS_memfd_create, name, flags | CLINUX_MFD_NOEXEC_SEAL);
  return fd < 0 ? -errno : (int)fd;
}

int clinux_seal_size(int fd) {
  return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int clinux_seal_growth(int fd) {
  return fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

static int configure_tmpfs(int context, uint64_t size_bytes, const char *huge) {
  char size[24];
  snprintf(size, sizeof(size), "%" PRIu64, size_bytes);
  if (syscall(SYS_fsconfig, context, fsconfig_set_string, "size", size, 0) < 0) return -errno;
  if (huge != NULL && syscall(SYS_fsconfig, context, fsconfig_set_string, "huge", huge, 0) < 0) return -errno;
  if (syscall(SYS_fsconfig, context, fsconfig_cmd_create, NULL, NULL, 0) < 0) return -errno;
  return 0;
}

static const char memory_name[] = "vineyard";

struct read_only_request {
  int mount;
  int result;
};

// Runs in a thread of its own, whose mount namespace ends with it: before Linux 6.15 only what is mounted somewhere can
// be cloned.
static void *open_read_only(void *argument) {
  struct read_only_request *request = argument;
  struct mount_attributes attributes = {.set = mount_attr_rdonly};
  int tree = -1;
  if (unshare(CLONE_FS | CLONE_NEWNS) < 0 ||
      syscall(SYS_mount, NULL, "/", NULL, ms_private_recursive, NULL) < 0 ||
      syscall(SYS_move_mount, request->mount, "", AT_FDCWD, "/proc", move_mount_f_empty_path) < 0 ||
      (tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc", open_tree_clone | O_CLOEXEC)) < 0 ||
      syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0) {
    request->result = -errno;
  } else {
    int fd = openat(tree, memory_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    request->result = fd < 0 ? -errno : fd;
  }
  if (tree >= 0) close(tree);
  return NULL;
}

int clinux_tmpfs_file(uint64_t size_bytes, const char *huge, int *read_only) {
  *read_only = -1;
  int context = (int)syscall(SYS_fsopen, "tmpfs", fsopen_cloexec);
  if (context < 0) return -errno;
  int result = configure_tmpfs(context, size_bytes, huge);
  if (result == 0) {
    int mount = (int)syscall(SYS_fsmount, context, fsmount_cloexec, mount_attr_nosuid_nodev_noexec);
    result = mount < 0 ? -errno : mount;
  }
  close(context);
  if (result < 0) return result;

  // The open files keep the detached mounts alive; nothing of them is visible in the file tree.
  int mount = result;
  int fd = openat(mount, memory_name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  int code = fd < 0 ? -errno : fd;
  if (fd >= 0) {
    struct read_only_request request = {.mount = mount, .result = -1};
    pthread_t thread;
    if (pthread_create(&thread, NULL, open_read_only, &request) == 0) {
      pthread_join(thread, NULL);
      *read_only = request.result;
    }
    unlinkat(mount, memory_name, 0);
  }
  close(mount);
  return code;
}

int clinux_madvise(void *address, size_t length, int advice) {
  return madvise(address, length, advice) < 0 ? -errno : 0;
}

static int change_blocks(int fd, int mode, uint64_t offset, uint64_t length) {
  int result;
  do {
    result = fallocate(fd, mode, (off_t)offset, (off_t)length);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : 0;
}

int clinux_allocate(int fd, uint64_t offset, uint64_t length) {
  return change_blocks(fd, FALLOC_FL_KEEP_SIZE, offset, length);
}

int clinux_punch_hole(int fd, uint64_t offset, uint64_t length) {
  return change_blocks(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}
