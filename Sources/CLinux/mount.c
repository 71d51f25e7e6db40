#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int clinux_look(int directory, const char *path, struct clinux_place *place) {
  struct statx status;
  int flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_STATX_SYNC_AS_STAT;
  if (statx(directory, path, flags, STATX_BASIC_STATS | STATX_MNT_ID, &status) < 0) return -errno;
  place->device = makedev(status.stx_dev_major, status.stx_dev_minor);
  place->inode = status.stx_ino;
  place->mount = status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0;
  place->links = status.stx_nlink;
  place->mode = status.stx_mode;
  place->mount_root = -1;
  if (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) {
    place->mount_root = (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }
  return 0;
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
