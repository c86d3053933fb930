#pragma once

#include <string>

namespace devstack::core::doctor {

/// A name of Python's own library that not every version of Python 3 has.
struct PythonName {
    const char* module;
    const char* name;
    int since = 0;  ///< Minor version; 0: it is one that was taken out.
    int gone = 0;
    const char* instead = "";  ///< Of one that was taken out, what to do.
};

/// Null: it is none of these.
const PythonName* find_python_name(const std::string& module, const std::string& name);

/// With which version Node.js has got what is called "Object.groupBy", "fetch"; 0: always, or not
/// known. Methods of values are left out: other values may lack them.
int node_version_with(const std::string& name);

}  // namespace devstack::core::doctor
