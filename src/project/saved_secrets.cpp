#include "devstack/project/saved_secrets.hpp"

#include "devstack/core/limits.hpp"

#include "text_file.hpp"

#include <algorithm>
#include <string_view>

// A line for each: no secret holds a line end.

namespace devstack::project {

namespace {

std::string path_in(const std::string& state_dir) {
    return state_dir + "/secrets";
}

}  // namespace

Status save_secrets(const std::string& state_dir, const std::vector<std::string>& secrets) {
    std::string text;
    for (const std::string& secret : secrets) {
        text += secret + "\n";
    }
    return replace_text_file(path_in(state_dir), text);
}

std::vector<std::string> load_saved_secrets(const std::string& state_dir) {
    const auto text = load_text_file(path_in(state_dir), core::limits::env_file_size_max);
    if (!text) return {};
    std::vector<std::string> secrets;
    std::string_view rest{*text};
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (!line.empty()) secrets.emplace_back(line);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return secrets;
}

}  // namespace devstack::project
