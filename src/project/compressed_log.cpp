#include "devstack/project/compressed_log.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/core/logs/log_index.hpp"
#include "devstack/platform/write_all.hpp"

#include "project/read_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

namespace devstack::project {

namespace {

/// Numbers as the machine has them; zstd wants them little-endian.
struct Preface {
    std::uint32_t magic = ZSTD_MAGIC_SKIPPABLE_START;
    std::uint32_t size = sizeof(Preface) - 2 * sizeof(std::uint32_t);
    std::array<char, 8> name{'D', 'S', 'T', 'K', 'L', 'O', 'G', 'Z'};
    std::uint64_t log_size = 0;
};
static_assert(sizeof(Preface) == 24);

constexpr std::size_t block_size = std::size_t{256} * 1024;

std::string part_path(const std::string& log_dir, const std::string& service) {
    return log_dir + "/" + core::log_file_name(service, 0) + ".part";
}

Error failure(const std::string& act, const std::string& why) {
    return {Error::Kind::system, "cannot " + act + ": " + why};
}

Status write_failure() {
    return failure("write a log", std::strerror(errno));
}

Status write_plain(int file, ZSTD_DCtx* context, int to, std::uint64_t size) {
    std::string input;
    std::string output(block_size, '\0');
    std::uint64_t written = 0;
    for (std::uint64_t offset = sizeof(Preface); written < size; offset += input.size()) {
        read_at(file, offset, block_size, input);
        if (input.empty()) return failure("decompress a log", "it ends too early");
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        while (in.pos < in.size) {
            ZSTD_outBuffer out{output.data(), output.size(), 0};
            const std::size_t result = ZSTD_decompressStream(context, &out, &in);
            if (ZSTD_isError(result) != 0U) {
                return failure("decompress a log", ZSTD_getErrorName(result));
            }
            // Never more than was said.
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(out.pos, size - written));
            if (!platform::write_all(to, {output.data(), count})) return write_failure();
            written += count;
            if (out.pos == 0 && result == 0) break;
        }
    }
    return ok();
}

Status write_compressed(int file, std::uint64_t size, int to) {
    Preface preface;
    preface.log_size = size;
    std::string output(sizeof preface, '\0');
    std::memcpy(output.data(), &preface, sizeof preface);
    if (!platform::write_all(to, output)) return write_failure();
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(),
                                                                       ZSTD_freeCCtx};
    if (!context) return failure("compress a log", "no memory");
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string input;
    for (std::uint64_t offset = 0; offset < size; offset += input.size()) {
        read_at(file, offset, std::min<std::uint64_t>(block_size, size - offset), input);
        if (input.empty()) return failure("compress a log", "it has become shorter");
        const bool is_last = offset + input.size() == size;
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        for (std::size_t left = 1; left > 0 && (is_last || in.pos < in.size);) {
            output.resize(block_size);
            ZSTD_outBuffer out{output.data(), output.size(), 0};
            left = ZSTD_compressStream2(
                context.get(), &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
            if (ZSTD_isError(left) != 0U) return failure("compress a log", ZSTD_getErrorName(left));
            output.resize(out.pos);
            if (!platform::write_all(to, output)) return write_failure();
            if (!is_last) left = in.size - in.pos;
        }
    }
    return ok();
}

}  // namespace

std::optional<std::uint64_t> find_compressed_size(int file) {
    Preface found;
    const Preface expected;
    std::string bytes;
    read_at(file, 0, sizeof found, bytes);
    if (bytes.size() != sizeof found) return std::nullopt;
    std::memcpy(&found, bytes.data(), sizeof found);
    const bool is_ours =
        found.magic == expected.magic && found.size == expected.size && found.name == expected.name;
    return is_ours ? std::optional{found.log_size} : std::nullopt;
}

Result<platform::FileDescriptor> decompress_log(int file, std::uint64_t size) {
    platform::FileDescriptor plain{::memfd_create("log", MFD_CLOEXEC)};
    if (!plain.is_open()) return failure("decompress a log", std::strerror(errno));
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(),
                                                                       ZSTD_freeDCtx};
    if (!context) return failure("decompress a log", "no memory");
    // Ours are not longer; a stranger's word is not worth more memory.
    constexpr std::uint64_t size_max = 4 * core::limits::log_file_size_max;
    (void)write_plain(file, context.get(), plain.get(), std::min(size, size_max));
    return plain;
}

Result<std::optional<std::uint64_t>> compress_rotated_log(const std::string& log_dir,
                                                          const std::string& service) {
    for (int i = core::limits::log_files_max; i > 0; --i) {
        auto log = open_to_read(log_dir + "/" + core::log_file_name(service, i));
        if (!log) return std::move(log).error();
        if (!log->is_open() || find_compressed_size(log->get())) continue;
        const auto state = find_file_state(log->get());
        if (!state) continue;
        const std::string path = part_path(log_dir, service);
        ::unlink(path.c_str());
        constexpr mode_t mode = 0600;
        const platform::FileDescriptor part{
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
        if (!part.is_open()) return failure("write " + path, std::strerror(errno));
        if (Status written = write_compressed(log->get(), state->size, part.get()); !written) {
            ::unlink(path.c_str());
            return std::move(written).error();
        }
        struct stat status {};
        ::fstat(log->get(), &status);
        const timespec times[] = {status.st_atim, status.st_mtim};
        ::futimens(part.get(), times);
        // It takes the place of the only copy: the disk has it before.
        if (::fdatasync(part.get()) != 0) return failure("write " + path, std::strerror(errno));
        return std::optional{state->inode};
    }
    return std::optional<std::uint64_t>{};
}

bool put_compressed_log(const std::string& log_dir,
                        const std::string& service,
                        std::uint64_t inode) {
    const std::string part = part_path(log_dir, service);
    for (int i = 1; i <= core::limits::log_files_max; ++i) {
        const std::string path = log_dir + "/" + core::log_file_name(service, i);
        const auto state = find_file_state(path);
        if (!state || state->inode != inode) continue;
        if (::rename(part.c_str(), path.c_str()) == 0) return true;
    }
    drop_compressed_log(log_dir, service);
    return false;
}

void drop_compressed_log(const std::string& log_dir, const std::string& service) {
    ::unlink(part_path(log_dir, service).c_str());
}

}  // namespace devstack::project
