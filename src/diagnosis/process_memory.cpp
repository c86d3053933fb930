#include "diagnosis/process_memory.hpp"

#include "devstack/platform/file_descriptor.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace devstack::diagnosis {

namespace {

struct EndElf {
    void operator()(Elf* elf) const { ::elf_end(elf); }
};

struct Mapping {
    std::uint64_t begin = 0;
    std::string path;
};

/// "55d0c8e4f000-55d0c8e50000 r--p 00000000 fe:00 123  /usr/bin/python3.11": the beginnings of
/// files whose name begins so.
std::vector<Mapping> find_mappings(int pid, const std::string& file_name) {
    constexpr std::size_t size_max = 4UL << 20U;
    std::istringstream lines{read_small("/proc/" + std::to_string(pid) + "/maps", size_max)};
    std::vector<Mapping> found;
    for (std::string line; std::getline(lines, line);) {
        const auto path = line.find('/');
        if (path == line.npos) continue;
        if (!std::string_view{line}.substr(line.rfind('/') + 1).starts_with(file_name)) continue;
        std::istringstream fields{line};
        std::string range;
        std::string rights;
        std::string offset;
        fields >> range >> rights >> offset;
        if (offset.find_first_not_of('0') != offset.npos) continue;
        Mapping mapping{0, line.substr(path)};
        constexpr int base = 16;
        std::from_chars(range.data(), range.data() + range.size(), mapping.begin, base);
        found.push_back(std::move(mapping));
    }
    return found;
}

/// As the process sees it, which may live in a container; or as we do: that of a process in a mere
/// chroot(2) is told as we see it.
platform::FileDescriptor open_of(int pid, const std::string& path) {
    const std::string inside = "/proc/" + std::to_string(pid) + "/root" + path;
    platform::FileDescriptor file{::open(inside.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.is_open()) return file;
    return platform::FileDescriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
}

/// As the file says it; what is not at a fixed place is relative to where the file is mapped.
std::vector<std::uint64_t> find_symbols(Elf* elf, const std::vector<std::string_view>& symbols) {
    std::vector<std::uint64_t> values(symbols.size());
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (::gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_DYNSYM) continue;
        Elf_Data* const data = ::elf_getdata(section, nullptr);
        if (data == nullptr || header.sh_entsize == 0) break;
        const auto count = static_cast<int>(header.sh_size / header.sh_entsize);
        for (int i = 0; i < count; ++i) {
            GElf_Sym entry;
            if (::gelf_getsym(data, i, &entry) == nullptr) break;
            const char* const name = ::elf_strptr(elf, header.sh_link, entry.st_name);
            if (name == nullptr || entry.st_shndx == SHN_UNDEF) continue;
            const auto wanted = std::ranges::find(symbols, std::string_view{name});
            if (wanted == symbols.end()) continue;
            values[static_cast<std::size_t>(wanted - symbols.begin())] = entry.st_value;
        }
    }
    return values;
}

}  // namespace

bool read_memory(int pid, std::uint64_t address, void* to, std::size_t size) {
    iovec local{to, size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process.
    iovec remote{reinterpret_cast<void*>(address), size};
    return ::process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

std::string read_text(int pid, std::uint64_t address) {
    // Up to the end of a page: the next one may not be there.
    constexpr std::size_t size_max = 4096;
    std::string text(size_max - address % size_max, '\0');
    if (!read_memory(pid, address, text.data(), text.size())) return "";
    const auto end = text.find('\0');
    return end == text.npos ? "" : text.substr(0, end);
}

std::uint64_t find_load_address(int pid, const std::string& path) {
    const auto mappings = find_mappings(pid, path.substr(path.rfind('/') + 1));
    const auto found = std::ranges::find(mappings, path, &Mapping::path);
    return found == mappings.end() ? 0 : found->begin;
}

std::optional<Exported> find_exported(int pid,
                                      const std::string& file_name,
                                      const std::vector<std::string_view>& symbols) {
    ::elf_version(EV_CURRENT);
    for (const Mapping& mapping : find_mappings(pid, file_name)) {
        const platform::FileDescriptor file = open_of(pid, mapping.path);
        const std::unique_ptr<Elf, EndElf> elf{::elf_begin(file.get(), ELF_C_READ_MMAP, nullptr)};
        GElf_Ehdr header;
        if (!elf || ::gelf_getehdr(elf.get(), &header) == nullptr) continue;
        Exported found{mapping.path.substr(mapping.path.rfind('/') + 1),
                       find_symbols(elf.get(), symbols)};
        if (found.addresses.front() == 0) continue;
        for (std::uint64_t& address : found.addresses) {
            if (address != 0 && header.e_type == ET_DYN) address += mapping.begin;
        }
        return found;
    }
    return std::nullopt;
}

}  // namespace devstack::diagnosis
