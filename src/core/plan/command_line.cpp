#include "devstack/core/plan/command_line.hpp"

#include "devstack/base/text.hpp"

namespace devstack::core {

std::string CommandLine::text() const {
    if (is_shell()) return argv[2];
    std::vector<std::string> words;
    for (const std::string& word : argv) {
        words.push_back(shell_quote(word));
    }
    return join(words, " ");
}

}  // namespace devstack::core
