#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int clinux_statx(int directory, const char *path, struct clinux_file_status *status) {
  struct statx found;
  int flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_STATX_SYNC_AS_STAT;
  if (statx(directory, path, flags, STATX_BASIC_STATS | STATX_MNT_ID, &found) < 0) return -errno;
  status->device = makedev(found.stx_dev_major, found.stx_dev_minor);
  status->inode = found.stx_ino;
  status->mount = found.stx_mask & STATX_MNT_ID ? found.stx_mnt_id : 0;
  status->links = found.stx_nlink;
  status->mode = found.stx_mode;
  status->mount_root = -1;
  if (found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) {
    status->mount_root = (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }
  return 0;
}

static int open_part(int directory, const char *name, int flags) {
  // A part that leads upwards leads out.
  if (strcmp(name, "..") == 0) return -EXDEV;
  int fd = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

static int open_part_by_part(int directory, const char *path, int flags) {
  char copy[PATH_MAX];
  if (path[0] == '/' || strlen(path) >= sizeof(copy)) return path[0] == '/' ? -EXDEV : -ENAMETOOLONG;
  strcpy(copy, path);
  char *rest = NULL;
  char *part = strtok_r(copy, "/", &rest);
  if (part == NULL) return -ENOENT;
  int parent = directory;
  for (;;) {
    char *next = strtok_r(NULL, "/", &rest);
    int fd = open_part(parent, part, next == NULL ? flags : O_PATH | O_DIRECTORY);
    if (parent != directory) close(parent);
    if (fd < 0 || next == NULL) return fd;
    parent = fd;
    part = next;
  }
}

int clinux_open_beneath(int directory, const char *path, int flags) {
  struct open_how how = {
      .flags = (uint64_t)(unsigned int)(flags | O_NOFOLLOW | O_CLOEXEC),
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  };
  long fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
  if (fd >= 0) return (int)fd;
  // A seccomp profile that doesn't know the call answers EPERM.
  if (errno != ENOSYS && errno != EPERM) return -errno;
  return open_part_by_part(directory, path, flags);
}

int clinux_bind(int source, int target) {
  int tree = open_tree(source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return -errno;
  struct mount_attr attributes = {
      .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
  };
  int code = 0;
  if (mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0 ||
      move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
    code = -errno;
  }
  close(tree);
  return code;
}

int clinux_bind_in_steps(const char *source, const char *target) {
  if (mount(source, target, NULL, MS_BIND, NULL) < 0) return -errno;
  unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mount(NULL, target, NULL, flags, NULL) == 0) return 0;
  int code = -errno;
  umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
  return code;
}

int clinux_unmount(const char *path, int detach) {
  return umount2(path, UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0)) < 0 ? -errno : 0;
}
