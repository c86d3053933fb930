#include "devstack/platform/program_runtime.hpp"

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include <elf.h>

namespace devstack::platform {

namespace {

template <typename T>
bool read_at(std::ifstream& stream, std::uint64_t offset, T& value) {
    stream.seekg(static_cast<std::streamoff>(offset));
    std::array<char, sizeof(T)> bytes{};
    stream.read(bytes.data(), bytes.size());
    std::memcpy(&value, bytes.data(), bytes.size());
    return static_cast<bool>(stream);
}

/// Go's linker leaves its build information in a section of its own, or, where that is left out,
/// its table of functions.
bool is_go_program(const std::string& executable) {
    std::ifstream stream{executable, std::ios::binary};
    Elf64_Ehdr header{};
    if (!read_at(stream, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64) {
        return false;
    }
    Elf64_Shdr names{};
    const auto place_of = [&](unsigned index) {
        return header.e_shoff + std::uint64_t{index} * header.e_shentsize;
    };
    constexpr std::uint64_t names_size_max = 64 * 1024;
    if (!read_at(stream, place_of(header.e_shstrndx), names) || names.sh_size > names_size_max) {
        return false;
    }
    std::string text(names.sh_size, '\0');
    stream.seekg(static_cast<std::streamoff>(names.sh_offset));
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    return stream &&
           (text.find(".go.buildinfo") != text.npos || text.find(".gopclntab") != text.npos);
}

}  // namespace

std::string find_runtime(int pid) {
    const std::string link = "/proc/" + std::to_string(pid) + "/exe";
    std::error_code error;
    const std::string name = std::filesystem::read_symlink(link, error).filename().string();
    for (const char* runtime : {"node", "python", "java", "ruby"}) {
        if (name.starts_with(runtime)) return runtime;
    }
    return is_go_program(link) ? "go" : "";
}

}  // namespace devstack::platform
