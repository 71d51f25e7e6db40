// The few Linux calls that Swift cannot say or that glibc 2.36 does not wrap.
//
// Unless said otherwise a function returns 0 or a non-negative value on success and -errno on
// failure; `errno` itself is not part of the contract.

#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>

// memfd_create(2) flags.
#define CLINUX_MFD_CLOEXEC 0x0001U
#define CLINUX_MFD_ALLOW_SEALING 0x0002U
#define CLINUX_MFD_HUGETLB 0x0004U
#define CLINUX_MFD_NOEXEC_SEAL 0x0008U
#define CLINUX_MFD_HUGE_2MB 0x54000000U

// madvise(2) advice.
#define CLINUX_MADV_DONTNEED 4
#define CLINUX_MADV_HUGEPAGE 14
#define CLINUX_MADV_POPULATE_WRITE 23

// open(2) flag for a descriptor that only names a file; the same on all architectures built for.
#define CLINUX_O_PATH 010000000

// errno of a page with a hardware memory error, which Swift's Glibc module does not name.
#define CLINUX_EHWPOISON 133

/// Says what an errno value means, thread-safely; never NULL.
const char *_Nonnull clinux_error_text(int code);

/// The environment of this process: `NAME=value` texts, then NULL (environ(7)).
char *_Nullable const *_Nullable clinux_environment(void);

// Heap (heap.c)

/// Gives freed memory of the heap back to the system (malloc_trim(3)).
void clinux_trim_heap(void);

/// Has blocks of 256 KiB and more given back as soon as they are freed (mallopt(3)).
void clinux_return_large_blocks(void);

// Passwords (crypt.c)

/// Hashes a password the way `setting` says, which may be a hash (crypt(3)), in libcrypt, loaded when first needed.
///
/// -ENOSYS without the library, -EINVAL for a way it doesn't know, -ERANGE when `output` is too short.
int clinux_crypt(
    const char *_Nonnull phrase, const char *_Nonnull setting, char *_Nonnull output, size_t capacity);

// Descriptor passing and peers (fd_passing.c)

/// Sends one data byte (0x14) with exactly one descriptor in SCM_RIGHTS, in one sendmsg without SIGPIPE.
int clinux_send_fd(int sock, int fd);

/// Receives one byte with one descriptor (close-on-exec); returns it, -ECONNRESET at EOF, -EBADMSG if none came.
int clinux_recv_fd(int sock);

/// Accepts a client as a non-blocking, close-on-exec socket (accept4(2)); repeats on EINTR.
int clinux_accept(int listener);

/// Reads who is at the other end of a Unix socket at the time it connected (SO_PEERCRED).
int clinux_peer_credentials(int sock, int32_t *_Nonnull pid, uint32_t *_Nonnull uid, uint32_t *_Nonnull gid);

// Memory files (memory.c)

/// Creates an anonymous memory file; where vm.memfd_noexec=2 refuses it, asks again with MFD_NOEXEC_SEAL.
int clinux_memfd_create(const char *_Nonnull name, unsigned int flags);

/// Fixes the size of a memory file made with CLINUX_MFD_ALLOW_SEALING, and which seals it has (F_ADD_SEALS, fcntl(2)).
int clinux_seal_size(int fd);

/// Forbids everybody to make a memory file longer. -EPERM for files that are not made for it.
int clinux_seal_growth(int fd);

/// Opens a file without a name on a new detached tmpfs of `size_bytes` with `huge=` (or NULL); it dies with its last user.
///
/// `read_only` gets a descriptor of the same file through a read-only mount: nobody can open that again for writing, by
/// way of /proc or otherwise, root included. It is negative where the kernel cannot (Linux 5.12).
int clinux_tmpfs_file(uint64_t size_bytes, const char *_Nullable huge, int *_Nonnull read_only);

/// Advises on a mapped range (madvise(2)).
int clinux_madvise(void *_Nonnull address, size_t length, int advice);

/// Allocates file blocks without changing size or contents (fallocate(2) with FALLOC_FL_KEEP_SIZE).
int clinux_allocate(int fd, uint64_t offset, uint64_t length);

/// Gives the blocks of a range back, keeping the file's size (fallocate(2) with FALLOC_FL_PUNCH_HOLE).
int clinux_punch_hole(int fd, uint64_t offset, uint64_t length);

// Paths and mounts (mount.c)

/// Status of the file that a path leads to.
struct clinux_file_status {
  uint64_t device;
  uint64_t inode;
  /// Id of the mount it is in, as in /proc/self/mountinfo; 0 where the kernel doesn't tell (before Linux 5.8).
  uint64_t mount;
  /// Names it has; a deleted directory has none.
  uint32_t links;
  uint32_t mode;
  /// 1 for the root of a mount, 0 for anything below, -1 where the kernel doesn't tell (before Linux 5.8).
  int mount_root;
};

/// Reads the status of a path below an open directory, or of the directory itself when `path` is empty (statx(2)); a symbolic
/// link as the last part is not followed.
int clinux_statx(int directory, const char *_Nonnull path, struct clinux_file_status *_Nonnull status);

/// Opens a path below an open directory (openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS): no part of it is a
/// symbolic link, and none leads out of the directory. `flags` are those of open(2), without O_CREAT; close-on-exec is
/// added. Where openat2(2) is missing or forbidden, the parts are opened one by one with the same effect.
int clinux_open_beneath(int directory, const char *_Nonnull path, int flags);

/// Mounts one directory on another, read-only and without programs, devices and set-user-id, in one step (open_tree(2),
/// mount_setattr(2), move_mount(2); Linux 5.12).
///
/// Both are descriptors. -ENOSYS where the kernel can't.
int clinux_bind(int source, int target);

/// The same with mount(2), by paths; for an instant, until its second step, the mount can be written through.
int clinux_bind_in_steps(const char *_Nonnull source, const char *_Nonnull target);

/// Takes the uppermost mount off a path (umount2(2)); a symbolic link as the last part is not followed.
///
/// A detached mount is gone from the file tree at once, and for its users when they are done with it.
int clinux_unmount(const char *_Nonnull path, int detach);

// Events and threads (events.c)

// epoll(7) events and operations.
#define CLINUX_EPOLLIN 0x001U
#define CLINUX_EPOLLOUT 0x004U
#define CLINUX_EPOLLERR 0x008U
#define CLINUX_EPOLLHUP 0x010U
#define CLINUX_EPOLLRDHUP 0x2000U
#define CLINUX_EPOLL_ADD 1
#define CLINUX_EPOLL_REMOVE 2
#define CLINUX_EPOLL_CHANGE 3

/// Event of a watched descriptor.
struct clinux_event {
  uint64_t token;
  uint32_t events;
};

/// Creates a close-on-exec epoll instance.
int clinux_epoll_create(void);

/// Adds, removes or changes a watched descriptor (epoll_ctl(2)).
int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token);

/// Waits for up to 128 events; 0 on timeout and on interruption by a signal.
int clinux_epoll_wait(int epoll, struct clinux_event *_Nonnull events, int capacity, int timeout);

/// Creates a close-on-exec pipe.
int clinux_pipe(int *_Nonnull read_end, int *_Nonnull write_end);

/// Blocks the signals in the calling thread and returns a non-blocking, close-on-exec signalfd(2) for them.
int clinux_signalfd(const int *_Nonnull signals, int count);

/// Reads the number of one pending signal from a signalfd; -EAGAIN if there is none.
int clinux_signalfd_read(int fd);

/// Creates a non-blocking, close-on-exec eventfd(2) with the count zero.
int clinux_eventfd(void);

/// Adds one to an eventfd, which makes it readable; safe from any thread.
int clinux_eventfd_notify(int fd);

/// Takes the whole count off an eventfd; 0 whether or not it had been notified.
int clinux_eventfd_drain(int fd);

/// Blocks every signal in the calling thread, so that others get them.
int clinux_block_signals(void);

/// Names the calling thread as tools show it; longer names are cut to 15 bytes.
int clinux_thread_name(const char *_Nonnull name);

#endif
