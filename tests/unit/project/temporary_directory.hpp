#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace devstack::test {

/// An empty directory, as long as the test lives.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "devstackXXXXXX").string();
        path_ = std::filesystem::canonical(::mkdtemp(pattern.data())).string();
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const { return path_; }
    std::string at(const std::string& name) const { return path_ + "/" + name; }

    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path{at(name)}.parent_path());
        std::ofstream{at(name), std::ios::binary} << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream stream{at(name), std::ios::binary};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }

private:
    std::string path_;
};

}  // namespace devstack::test
