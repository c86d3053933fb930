#pragma once

namespace devstack::platform {

/// Lets large pieces of the heap go back to the system as soon as they are freed. Left alone, the
/// allocator learns from each large piece to keep the next one (mallopt(3), M_MMAP_THRESHOLD). To
/// be called first.
void keep_heap_small();

/// Gives back to the system what waiting does not need: the free part of the heap, and the pages of
/// the program file, which come back from the page cache as they are used (some tenths of a
/// millisecond for all that a start or an answer takes). To be called when the program settles down
/// to wait, for longer than it has worked.
void release_idle_memory();

}  // namespace devstack::platform
