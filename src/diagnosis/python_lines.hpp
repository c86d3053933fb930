#pragma once

#include <string_view>

namespace devstack::diagnosis {

/// The source line of an instruction of a code object of CPython 3.`minor`; 0: the table names
/// none. `table` is the code object's co_linetable (3.8 and 3.9: co_lnotab), `offset` in bytes.
///
/// Source: Objects/lnotab_notes.txt and Objects/locations.md of CPython.
int find_python_line(int minor, std::string_view table, int first_line, int offset);

}  // namespace devstack::diagnosis
