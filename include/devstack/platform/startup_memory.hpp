#pragma once

namespace devstack::platform {

/// Gives back to the system what only the start of this program has needed: the free part of the
/// heap, and the pages of the program file, which come back from the page cache as they are used.
/// To be called once, when the program settles down to wait.
void release_startup_memory();

}  // namespace devstack::platform
