#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// A line of a configuration whose words are separated by space; quotes are taken off.
struct ConfigLine {
    std::vector<std::string> words;  ///< At least one.
    int number = 0;
};

/// Lines with words in them; "#" at the beginning of a word begins a comment, "\" at the end of a
/// line makes it go on.
std::vector<ConfigLine> read_config_lines(std::string_view text);

/// "1s", "500ms", "2m"; of a plain number the unit is `usual`, in seconds. 0: it is none.
double read_duration(std::string_view text, double usual);

/// Behind the last colon of "*:8080", "127.0.0.1:8080", "[::]:80" or ":80"; a plain number is one
/// too. 0: none.
int port_of(std::string_view address);
/// The ports of several addresses, with commas between them, as HAProxy's `bind` has them.
void add_ports(const std::string& addresses, std::vector<std::string>& ports);
/// What is before that colon, without brackets.
std::string host_of(std::string_view address);

}  // namespace devstack::core::doctor
