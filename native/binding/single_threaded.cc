// Keeps the addon loadable where the C library is older than the one it was linked against.
//
// The standard library asks `__libc_single_threaded`, which glibc has from 2.32 on, whether it may
// count references without atomics. The addon answers for itself: Node always has threads, and
// nothing else in it needs a C library that recent.
//
// Thread rule: any thread; it never changes.

#if defined(__linux__)
extern "C" {
extern __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;
}
#endif
