#include "cli/top/known_terminal.hpp"

#include <curses.h>
#include <unistd.h>

// Its macros have the names of ordinary things (lines, columns, bell): alone in a file.
#include <term.h>

namespace devstack::cli {

bool is_known_terminal(const char* name) {
    int problem = 0;
    if (::setupterm(name, STDOUT_FILENO, &problem) != OK) return false;
    ::del_curterm(cur_term);
    return true;
}

}  // namespace devstack::cli
