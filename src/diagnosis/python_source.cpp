#include "diagnosis/python_source.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <vector>

namespace devstack::diagnosis {

core::doctor::SourceFact pick_python_lines(const std::string& path,
                                           const std::string& source,
                                           const std::set<int>& named) {
    constexpr std::size_t line_size_max = 300;
    std::vector<std::string> lines;
    std::istringstream stream{source};
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line.substr(0, line_size_max));
    std::set<int> wanted;
    for (const int number : named) {
        if (number < 1 || static_cast<std::size_t>(number) > lines.size()) continue;
        wanted.insert(number);
        std::size_t depth = lines[static_cast<std::size_t>(number) - 1].find_first_not_of(" \t");
        for (int above = number - 1; above > 0 && depth > 0 && depth != std::string::npos;
             --above) {
            const std::string_view line = lines[static_cast<std::size_t>(above) - 1];
            const std::size_t its = line.find_first_not_of(" \t");
            if (its == line.npos || its >= depth || line[its] == '#' || line[its] == ')') continue;
            wanted.insert(above);
            depth = its;
        }
    }
    core::doctor::SourceFact fact;
    fact.file = path;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const int number = static_cast<int>(i) + 1;
        constexpr std::array<std::string_view, 7> words{
            ".acquire(", ".release(", "threading.", "PoolExecutor(", ".submit(", ".map(", "def "};
        const bool is_about_locks = std::ranges::any_of(
            words, [&](std::string_view word) { return lines[i].find(word) != std::string::npos; });
        if (wanted.contains(number) || is_about_locks) fact.lines.push_back({number, lines[i]});
    }
    return fact;
}

}  // namespace devstack::diagnosis
