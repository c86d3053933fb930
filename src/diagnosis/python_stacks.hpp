#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// Where the threads of a Python program are, innermost function first: "rotate (sessions.py:41)";
/// without those of the standard library and of installed packages, which are not what somebody has
/// to change. A thread that has none, or that waits in an event loop for something to do, is not
/// among them. CPython 3.8 to 3.15; of other versions nothing is known. `working_dir` is the
/// process', by which paths are shortened.
///
/// Reads the process' memory as it runs, and stops nobody. What is read in the middle of a change
/// is left out.
std::map<int, std::vector<std::string>> read_python_stacks(int pid,
                                                           const std::set<int>& threads,
                                                           const std::string& working_dir);

}  // namespace devstack::diagnosis
