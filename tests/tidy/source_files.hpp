#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace devstack::test {

/// A file of ours, as lines.
struct SourceFile {
    std::filesystem::path path;  ///< Relative to the repository.
    std::string layer;           ///< First folder below src or include/devstack; empty elsewhere.
    std::vector<std::string> lines;
};

/// All C++ files below these folders of the repository.
std::vector<SourceFile> source_files(const std::vector<std::string>& folders);

}  // namespace devstack::test
