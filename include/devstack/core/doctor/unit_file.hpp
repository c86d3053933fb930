#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// What a unit of systemd says of the service that it starts: systemd.service(5), systemd.exec(5).
struct UnitFile {
    std::vector<std::string> command;  ///< Of the last ExecStart=, without its prefixes.
    std::string working_dir;
    std::string type;  ///< "simple" where it does not say.
    std::map<std::string, std::string> environment;
    std::vector<std::string> environment_files;
};

/// Lines of the form systemd.syntax(7); what is not about a service is left out.
UnitFile parse_unit(std::string_view text);

/// "3000" of PORT=3000, "--port 3000", "-p 3000", "127.0.0.1:3000": where it is to listen, as far
/// as the unit says it.
std::vector<std::string> find_ports(const UnitFile& unit);

}  // namespace devstack::core::doctor
