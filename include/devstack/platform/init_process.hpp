#pragma once

#include <functional>

namespace devstack::platform {

/// The first process of a container inherits what loses its parent, and gets the signals that are
/// meant for all of it; the kernel gives it no default handlers (pid_namespaces(7)).
bool is_init_process();

/// Does the duty of an init while a child of this process does the work: reaps whatever ends, and
/// passes signals on to the child, which is the foreground process of the terminal, if there is
/// one. Comes back with what the work has returned, or 128 and the number of the signal that has
/// ended it, as a shell does. In the child it comes back with that, too: both are to exit. If it
/// can not fork, this process does the work. To be called before there are threads.
int do_as_init(const std::function<int()>& work);

}  // namespace devstack::platform
