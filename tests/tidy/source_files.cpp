#include "tidy/source_files.hpp"

#include <fstream>

namespace devstack::test {

namespace fs = std::filesystem;

std::vector<SourceFile> source_files(const std::vector<std::string>& folders) {
    const fs::path root = DEVSTACK_SOURCE_DIR;
    std::vector<SourceFile> found;
    for (const std::string& folder : folders) {
        if (!fs::exists(root / folder)) continue;
        for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
            const fs::path& path = entry.path();
            if (path.extension() != ".hpp" && path.extension() != ".cpp") continue;
            SourceFile file;
            file.path = fs::relative(path, root);
            file.layer = fs::relative(path, root / folder).begin()->string();
            std::ifstream stream{path};
            for (std::string line; std::getline(stream, line);)
                file.lines.push_back(line);
            found.push_back(std::move(file));
        }
    }
    return found;
}

}  // namespace devstack::test
